# The few commands that everybody needs; all of them are plain cargo, but for
# what an installed program needs beside it.

.PHONY: build static test test-vm check install install-data clean

# Where the program goes: below PREFIX, or where cargo installs to. DESTDIR is put
# before all of it, for packages.
ROOT := $(or $(PREFIX),$(CARGO_INSTALL_ROOT),$(CARGO_HOME),$(HOME)/.cargo)
# Man looks beside the program. Shells look into the user's folder of data, unless
# another place than cargo's own was asked for.
MAN := $(DESTDIR)$(ROOT)/share/man/man1
DATA := $(DESTDIR)$(if $(or $(PREFIX),$(CARGO_INSTALL_ROOT)),$(ROOT)/share,$(or $(XDG_DATA_HOME),$(HOME)/.local/share))
BINARY = $(DESTDIR)$(ROOT)/bin/kata-agent-ctl
# Cargo keeps a list of what it installed, which has no place below a PREFIX.
UNTRACKED := $(if $(PREFIX)$(DESTDIR),--no-track)

# Flags for rustc as cargo takes a list of them: the user's RUSTFLAGS, and those that keep
# the folders of this machine out of what is installed. Where a panic tells its place, "."
# stands for this folder, "registry" for that of the dependencies.
FLAGS = $$(printf '%s\037' $$RUSTFLAGS \
    "--remap-path-prefix=$${CARGO_HOME:-$$HOME/.cargo}/registry/src=registry" \
    "--remap-path-prefix=$$(rustc --print sysroot)/lib/rustlib/src/rust=/rust" \
    )--remap-path-prefix=$(CURDIR)=.

build:
	cargo build --release

# A program that needs nothing of the system that it runs on, such as a node's, in target/static.
# It is linked with musl where its target can be added, and with this machine's C library
# elsewhere, and is position independent either way.
static:
	set -e; machine=$$(rustc -vV | sed -n 's/^host: \([^-]*\)-.*/\1/p'); \
	target=$$machine-unknown-linux-musl; \
	rustup target add $$target || target=$$machine-unknown-linux-gnu; \
	CARGO_ENCODED_RUSTFLAGS="$(FLAGS)$$(printf '\037-Ctarget-feature=+crt-static\037-Crelocation-model=pie')" \
	    cargo build --locked --profile dist --target $$target; \
	install -D target/$$target/dist/kata-agent-ctl target/static/kata-agent-ctl

test:
	cargo test --workspace

# Against a Linux kernel in an emulated virtual machine, where QEMU is installed, and
# against the real agents that KATA_AGENT_BIN and KATA_AGENT_POLICY_BIN name.
# REQUIRE_ALL=1 makes it an error that there is no machine.
test-vm:
	cargo test --workspace --test vm --test conformance -- --ignored

check:
	.ci/run

# The program, its manual page, and completion for bash, zsh and fish. Nothing of
# this folder is needed after it.
install:
	CARGO_ENCODED_RUSTFLAGS="$(FLAGS)" \
	    cargo install --path . --locked --profile dist --force --root "$(DESTDIR)$(ROOT)" $(UNTRACKED)
	$(MAKE) --no-print-directory install-data

# All but the program, which must be there already: it prints the rest.
install-data:
	install -d "$(MAN)" "$(DATA)/bash-completion/completions" \
	    "$(DATA)/zsh/site-functions" "$(DATA)/fish/vendor_completions.d"
	"$(BINARY)" man > "$(MAN)/kata-agent-ctl.1"
	"$(BINARY)" completions bash > "$(DATA)/bash-completion/completions/kata-agent-ctl"
	"$(BINARY)" completions zsh > "$(DATA)/zsh/site-functions/_kata-agent-ctl"
	"$(BINARY)" completions fish > "$(DATA)/fish/vendor_completions.d/kata-agent-ctl.fish"

clean:
	cargo clean
