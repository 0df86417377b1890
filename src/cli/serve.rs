//! The flags of `serve`.

/// Run the simulated agent until Ctrl-C
#[derive(Debug, clap::Args)]
pub struct Serve {
    /// Where to listen: unix:///path, unix://@name or vsock://-1:PORT
    #[arg(long, value_name = "URI")]
    pub address: String,
}
