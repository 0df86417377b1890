# The few commands that everybody needs; all of them are plain cargo.

PREFIX ?= $(HOME)/.cargo

.PHONY: build test check install clean

build:
	cargo build --release

test:
	cargo test --workspace

check:
	.ci/run

install: build
	install -D -m 0755 target/release/kata-agent-ctl "$(PREFIX)/bin/kata-agent-ctl"

clean:
	cargo clean
