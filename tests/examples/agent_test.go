package runtime

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/containerd/ttrpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// startAgent starts a simulated agent with flags of serve, waits until it
// listens, and stops it when the test ends.
func startAgent(t *testing.T, flags ...string) *ttrpc.Client {
	socket := filepath.Join(t.TempDir(), "agent.sock")
	flags = append([]string{"serve", "--address", "unix://" + socket}, flags...)
	agent := exec.Command("kata-agent-ctl", flags...)
	stderr, err := agent.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		agent.Process.Signal(os.Interrupt)
		agent.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "listening on ") {
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	client := ttrpc.NewClient(conn)
	t.Cleanup(func() { client.Close() })
	return client
}

func TestCheckIsTriedAgain(t *testing.T) {
	client := startAgent(t, "--fail", `Check[1] UNAVAILABLE "still booting"`)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	// The runtime has stubs for this. These messages have the same encoding.
	var status wrapperspb.Int32Value
	check := func() error {
		return client.Call(ctx, "grpc.Health", "Check", &emptypb.Empty{}, &status)
	}
	if err := check(); err == nil || !strings.Contains(err.Error(), "still booting") {
		t.Fatalf("the first call is refused, not %v", err)
	}
	if err := check(); err != nil {
		t.Fatal(err)
	}
	if status.Value != 1 {
		t.Fatalf("the agent is SERVING (1), not %d", status.Value)
	}
}
