//! The image that a container is made from. It is unpacked when the command runs and not
//! before; until then its configuration is as far as it can be told from the image alone.

use std::fs;
use std::sync::{Arc, OnceLock};

use agent_bundle::Config;
use agent_bundle::image::{Image, ImageError, Limits};

use super::{Request, RequestOptions};
use crate::conveniences::ConvenienceError;
use agent_client::interrupt;
use agent_report::error::Error;
use agent_report::log::Logger;

/// An image, and the configuration of its bundle once that is there.
#[derive(Debug)]
pub(super) struct Unpacked {
    image: Box<Image>,
    config: OnceLock<Arc<Config>>,
}

impl From<Box<Image>> for Unpacked {
    fn from(image: Box<Image>) -> Self {
        Self {
            image,
            config: OnceLock::new(),
        }
    }
}

impl Unpacked {
    /// The configuration of its bundle, if that is there.
    pub(super) fn config(&self) -> Option<&Arc<Config>> {
        self.config.get()
    }
}

impl Request {
    /// Checks the image, if the command names one, as far as that can be done without
    /// unpacking it, and takes what it says of its configuration.
    ///
    /// # Errors
    /// When nothing can be told of it, on a dry run; when a program that will be needed is
    /// not there, on another.
    pub fn check_image(&mut self, dry_run: bool) -> Result<(), Error> {
        let Some(Unpacked { image, .. }) = &self.configs.image else {
            return Ok(());
        };
        if !dry_run {
            image.check_tools().map_err(ConvenienceError::from)?;
        }
        match image.preview() {
            Ok(preview) => {
                let config =
                    Config::parse(&preview.config_file.to_string_lossy(), &preview.config)?;
                self.configs.own = Some(Arc::new(config.for_guest()));
                Ok(())
            }
            Err(ImageError::NotFetched { .. }) if !dry_run => Ok(()),
            Err(error) => Err(ConvenienceError::from(error).into()),
        }
    }

    /// What of the image's bundle is not there yet, in words.
    pub fn missing_of_image(&self) -> Option<String> {
        self.configs.image.as_ref()?.image.preview().ok()?.note
    }

    /// Unpacks the image, if the command names one, unless that was done; tells whether it
    /// names one.
    ///
    /// # Errors
    /// When it cannot be, or a signal came.
    pub fn unpack_image(&self, options: &RequestOptions, logger: Logger) -> Result<bool, Error> {
        let Some(Unpacked { image, config }) = &self.configs.image else {
            return Ok(false);
        };
        if config.get().is_some() {
            return Ok(true);
        }
        let limits = Limits {
            bytes: options.image_limit,
            is_stopped: &interrupt::is_raised,
        };
        let bundle = image.unpack(&limits, &mut |line| logger.say(line));
        let name = bundle.map_err(ConvenienceError::from)?.join("config.json");
        let text = fs::read_to_string(&name).map_err(|error| {
            ConvenienceError::from(ImageError::File {
                name: name.display().to_string(),
                error,
            })
        })?;
        let read = Config::parse(&name.to_string_lossy(), &text)?;
        config.get_or_init(|| Arc::new(read.for_guest()));
        Ok(true)
    }
}
