#!/bin/sh
# A guest for a real agent, made of private namespaces: `guest.sh AGENT FOLDER`
# says where the agent listens, where the guest has a root filesystem and what
# else it has, and ends the guest when standard input ends. Needs root.
# `guest.sh --root FOLDER BUSYBOX` makes just the root filesystem.
#
# The agent is not the first process of the guest: as that it would mount
# devtmpfs, of which there is one for the whole machine.
set -eu
self=$(realpath "$0")

# Starts the guest, and waits for the end of standard input.
outside() {
    agent=$(realpath "$1") folder=$(realpath "$2")
    busybox=$(realpath "$(command -v busybox)")
    mkdir -p "$folder/guest" "$folder/rootfs" "$folder/hierarchies"
    : >"$folder/cgroups"
    root_filesystem "$folder/rootfs" "$busybox"
    "$self" --enter "$agent" "$folder" "$busybox" </dev/null >"$folder/agent.log" 2>&1 &
    guest=$!
    trap 'leave' EXIT
    tries=0
    until [ -S "$folder/agent.sock" ]; do
        tries=$((tries + 1))
        if [ $tries -gt 200 ] || ! kill -0 $guest 2>/dev/null; then
            tail -n 20 "$folder/agent.log" >&2
            exit 1
        fi
        sleep 0.05
    done
    has=
    [ ! -e "$folder/hierarchies/memory" ] || has=memory-cgroup
    echo "unix://$folder/agent.sock $folder/rootfs $has"
    cat >/dev/null
}

# unshare ends with its child, the first process of the guest, and takes all
# others with it.
leave() {
    # What is paused cannot be killed.
    while read -r cgroup; do
        find "$cgroup" -name freezer.state -exec sh -c 'echo THAWED >"$1"' thaw {} \; 2>/dev/null || true
    done <"$folder/cgroups"
    kill -KILL $guest 2>/dev/null || true
    wait $guest 2>/dev/null || true
    while read -r cgroup; do
        tries=0
        until find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null; do
            tries=$((tries + 1))
            [ $tries -lt 50 ] || break
            sleep 0.1
        done
    done <"$folder/cgroups"
}

# Joins cgroups of its own, so that the guest sees no others, and unshares.
enter() {
    folder=$2
    name=kata-conformance-$$
    while IFS=: read -r _ hierarchy path; do
        hierarchy=${hierarchy#name=}
        place=/sys/fs/cgroup/$hierarchy${path%/}
        # Limits that somebody put on this process are left as they are.
        [ "$hierarchy" != memory ] || [ "$path" = / ] || continue
        [ -n "$hierarchy" ] && [ -d "$place" ] || continue
        mkdir "$place/$name" 2>/dev/null || continue
        echo "$place/$name" >>"$folder/cgroups"
        if [ "$hierarchy" = cpuset ]; then
            cat "$place/cpuset.cpus" >"$place/$name/cpuset.cpus"
            cat "$place/cpuset.mems" >"$place/$name/cpuset.mems"
            echo 1 >"$place/$name/cgroup.clone_children"
        fi
        echo $$ >"$place/$name/cgroup.procs"
        : >"$folder/hierarchies/$hierarchy"
    done </proc/self/cgroup
    # A shell has both ignored in what it starts in the background.
    exec env --default-signal=INT,QUIT unshare -m -p -f -n -u -i -C --kill-child=KILL --propagation private "$self" --inside "$@"
}

# Is the first process of the guest: makes its file system and runs the agent,
# again whenever it ends.
inside() {
    agent=$1 folder=$2 busybox=$3
    mount -t tmpfs -o mode=755 guest "$folder/guest"
    cd "$folder/guest"
    mkdir -p old usr/bin proc sys run root var ".$folder" lib64
    root_filesystem . "$busybox"
    cp "$agent" usr/bin/kata-agent
    for library in $(ldd "$agent" | grep -o '/[^ ]*'); do
        mkdir -p ".$(dirname "$library")"
        cp -L "$library" ".$library"
    done
    mkdir -p etc/kata-opa
    cp "$(dirname "$self")/files/allow.rego" etc/kata-opa/default-policy.rego
    mount --bind "$folder" ".$folder"
    mount -t tmpfs -o mode=755 dev dev
    for device in null:3 zero:5 full:7 random:8 urandom:9; do
        mknod -m 666 "dev/${device%:*}" c 1 "${device#*:}"
    done
    mknod -m 666 dev/tty c 5 0
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=666,mode=620 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    ln -s /proc/self/fd dev/fd
    mount -t tmpfs shm dev/shm
    mount -t tmpfs -o mode=755 run run
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    mount -t tmpfs -o mode=755 cgroup sys/fs/cgroup
    for hierarchy in $(ls "$folder/hierarchies"); do
        option=$hierarchy
        [ "$hierarchy" != systemd ] || option=none,name=systemd
        mkdir "sys/fs/cgroup/$hierarchy"
        mount -t cgroup -o "$option" cgroup "sys/fs/cgroup/$hierarchy"
    done
    hostname guest
    pivot_root . old
    export PATH=/bin:/usr/bin HOME=/root FOLDER="$folder"
    export KATA_AGENT_SERVER_ADDR="unix://$folder/agent.sock"
    exec /bin/busybox sh -c '
        umount -l /old; ifconfig lo 127.0.0.1 up
        while :; do
            rm -f "$FOLDER/agent.sock"
            kata-agent || true
            sleep 0.1
        done'
}

# What busybox needs to stand on.
root_filesystem() {
    (
        cd "$1"
        mkdir -p bin dev etc proc root sys tmp
        cp "$2" bin/busybox
        for applet in $("$2" --list); do
            [ -e "bin/$applet" ] || ln -s busybox "bin/$applet"
        done
        echo root:x:0:0:root:/root:/bin/sh >etc/passwd
        echo root:x:0: >etc/group
        : >etc/hosts
        : >etc/resolv.conf
    )
}

case $1 in
--root) shift; root_filesystem "$@" ;;
--enter) shift; enter "$@" ;;
--inside) shift; inside "$@" ;;
*) outside "$@" ;;
esac
