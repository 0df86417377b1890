//! Reads the JSON documents of an image layout into the types of the OCI image
//! specification.

use std::io::Read;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::error::ImageError;
use crate::auto::oci;
use crate::input;

/// The largest document that is read, in bytes.
const LIMIT: u64 = 8 << 20;

/// Reads a file.
///
/// # Errors
/// When it cannot be read, or is not such a document.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, ImageError> {
    let mut text = String::new();
    let file = input::open(path).map_err(ImageError::file(path))?;
    let read = file.take(LIMIT + 1).read_to_string(&mut text);
    if read.map_err(ImageError::file(path))? as u64 > LIMIT {
        let what = format!("is larger than {} MiB", LIMIT >> 20);
        return Err(ImageError::layout(path, what));
    }
    let document = oci::read(&text);
    document.map_err(|wrong| ImageError::layout(path, wrong.to_string()))
}
