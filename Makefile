# The few commands that everybody needs; all of them are plain cargo.

.PHONY: build test check install clean

build:
	cargo build --release

test:
	cargo test --workspace

check:
	.ci/run

# To ~/.cargo/bin, or where CARGO_INSTALL_ROOT or CARGO_HOME say.
install:
	cargo install --path . --locked --profile dist

clean:
	cargo clean
