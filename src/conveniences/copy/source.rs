//! A regular file that is read from its beginning to its end, and must stay as
//! it is meanwhile: half of one state and half of another would not be a copy.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};

use nix::libc;

use super::error::CopyError;
use crate::error::Error;
use crate::interrupt;

/// An open file, and how it was when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    file: File,
    name: String,
    metadata: Metadata,
    offset: u64,
}

impl Source {
    /// Opens the file at a path. A link is not followed.
    ///
    /// # Errors
    /// When it cannot be read, or is not a regular file.
    pub(super) fn open(name: &str) -> Result<Self, CopyError> {
        let failed = |error| CopyError::Read {
            name: name.to_owned(),
            error,
        };
        let mut options = OpenOptions::new();
        // What has become a link or a named pipe meanwhile must not be followed
        // or waited for.
        options
            .read(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY);
        let file = options.open(name).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if !metadata.is_file() {
            return Err(CopyError::Replaced {
                name: name.to_owned(),
            });
        }
        Ok(Self {
            file,
            name: name.to_owned(),
            metadata,
            offset: 0,
        })
    }

    /// How it was when it was opened.
    pub(super) fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// How many bytes have been read.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// How many bytes have not been read yet.
    pub(super) fn left(&self) -> u64 {
        self.metadata.size().saturating_sub(self.offset)
    }

    /// Fills `chunk` with what comes next, which must not be more than is left.
    ///
    /// # Errors
    /// When it cannot be read, has changed, or a signal came.
    pub(super) fn read(&mut self, chunk: &mut [u8]) -> Result<(), Error> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let count = self.some(rest)?;
            if count == 0 {
                return Err(self.shrank(self.offset).into());
            }
            self.offset += count as u64;
            rest = rest.get_mut(count..).unwrap_or_default();
        }
        // Some files, as in /proc, say that they are empty and are not.
        if self.left() == 0 && self.some(&mut [0])? > 0 {
            return Err(self.grew().into());
        }
        Ok(self.check()?)
    }

    /// Whether the file still is as it was.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn check(&self) -> Result<(), CopyError> {
        let name = || self.name.clone();
        let now = self.file.metadata().map_err(|error| CopyError::Read {
            name: name(),
            error,
        })?;
        let then = &self.metadata;
        let written = |metadata: &Metadata| (metadata.mtime(), metadata.mtime_nsec());
        if now.size() > then.size() {
            Err(self.grew())
        } else if now.size() < then.size() {
            Err(self.shrank(now.size()))
        } else if now.nlink() == 0 && then.nlink() > 0 {
            Err(CopyError::Removed { name: name() })
        } else if written(&now) != written(then) {
            Err(CopyError::Written { name: name() })
        } else {
            Ok(())
        }
    }

    /// Reads some bytes; none at the end.
    fn some(&mut self, into: &mut [u8]) -> Result<usize, Error> {
        loop {
            interrupt::check()?;
            match self.file.read(into) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let name = self.name.clone();
                    return Err(CopyError::Read { name, error }.into());
                }
                Ok(count) => return Ok(count),
            }
        }
    }

    fn grew(&self) -> CopyError {
        CopyError::Grew {
            name: self.name.clone(),
            size: self.metadata.size(),
        }
    }

    fn shrank(&self, left: u64) -> CopyError {
        CopyError::Shrank {
            name: self.name.clone(),
            size: self.metadata.size(),
            left,
        }
    }
}
