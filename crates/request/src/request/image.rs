//! The image that a container is made from. It is unpacked when the command runs and not
//! before; until then its configuration is as far as it can be told from the image alone.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use agent_bundle::Config;
use agent_bundle::image::{Image, ImageError, Limits};

use super::{Request, RequestOptions};
use crate::conveniences::ConvenienceError;
use crate::input::Inputs;
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
                let planned = preview.planned.map(|planned| planned.config);
                self.configs.own = Some(config_in(&preview.config_file, planned)?);
                Ok(())
            }
            Err(ImageError::NotFetched { .. }) if !dry_run => Ok(()),
            Err(error) => Err(ConvenienceError::from(error).into()),
        }
    }

    /// What of the image's bundle is not there yet, in words.
    pub fn missing_of_image(&self) -> Option<String> {
        let preview = self.configs.image.as_ref()?.image.preview().ok()?;
        preview.planned.map(|planned| planned.note)
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
        let file = bundle.map_err(ConvenienceError::from)?.join("config.json");
        let read = config_in(&file, None)?;
        config.get_or_init(|| read);
        Ok(true)
    }
}

/// The configuration of an image's bundle, for a guest: of this text, or else what is in the file.
fn config_in(file: &Path, planned: Option<String>) -> Result<Arc<Config>, Error> {
    let name = file.to_string_lossy();
    let text = match planned {
        Some(text) => text,
        None => Inputs::default().text(&name)?,
    };
    Ok(Arc::new(Config::parse(&name, &text)?.for_guest()))
}
