//! What an OCI configuration adds to a request: that which the command names, that of the
//! container created last, or that of the run's bundle.

use std::sync::Arc;

use agent_bundle::{Bundle, Config, Notes, Part};

#[cfg(feature = "image")]
use super::image::Unpacked;
use super::{Memory, Request};
use crate::auto;
use crate::input::Inputs;
use agent_report::error::Error;
use agent_schema::{Reflect, Value, ValueMut, fill};

/// How requests are made.
#[derive(Debug, Clone, Default)]
pub struct RequestOptions {
    /// Whether values that were left out are filled in.
    pub automatic: bool,
    /// Whether documents may have fields that this build does not know.
    pub unknown_fields: bool,
    /// Where an OCI configuration is, if a command names none.
    pub bundle: Option<Bundle>,
    /// Whether OCI configurations are sent as they are, and not adapted to a guest.
    pub as_is: bool,
    /// What an image may take on disk, in bytes.
    pub image_limit: u64,
}

/// The configurations at hand for a request.
#[derive(Debug, Default)]
pub(super) struct Configs {
    /// What the command itself names.
    pub(super) own: Option<Arc<Config>>,
    /// The image that the command names.
    #[cfg(feature = "image")]
    pub(super) image: Option<Unpacked>,
    /// What the run has for all commands.
    bundle: Option<Arc<Config>>,
}

impl Configs {
    /// What the command itself names, if it does.
    fn own(&self) -> Option<&Arc<Config>> {
        #[cfg(feature = "image")]
        if let Some(image) = &self.image {
            return image.config().or(self.own.as_ref());
        }
        self.own.as_ref()
    }

    /// Whether the command names a configuration, be it at hand or not.
    fn has_own(&self) -> bool {
        #[cfg(feature = "image")]
        if self.image.is_some() {
            return true;
        }
        self.own.is_some()
    }
}

/// A configuration that fills a request.
struct Source {
    config: Arc<Config>,
    part: Part,
    /// The request's field that it fills.
    index: usize,
}

/// What is to be told of the configuration that a request was filled from.
#[derive(Debug)]
pub struct ConfigNotes {
    /// The file's name.
    pub name: String,
    /// What was done with it.
    pub notes: Notes,
    /// What the container or process lacks, in words.
    pub lacking: Vec<&'static str>,
}

impl Request {
    /// Reads the bundle's configuration, if this request takes something of it.
    ///
    /// # Errors
    /// When it cannot be read, or is not a configuration.
    pub(super) fn take_bundle(
        &mut self,
        options: &RequestOptions,
        inputs: &mut Inputs,
    ) -> Result<(), Error> {
        let bundle = options.bundle.as_ref().filter(|_| options.automatic);
        if let Some(bundle) = bundle
            && self.config_part().is_some()
            && !self.configs.has_own()
        {
            let name = bundle.config_file();
            let mut config = Config::parse(&name, &inputs.text(&name)?)?;
            if !options.as_is {
                config = config.for_guest();
            }
            self.configs.bundle = Some(Arc::new(config));
        }
        Ok(())
    }

    /// The part of a configuration that this request takes, and the field for it.
    fn config_part(&self) -> Option<(Part, usize)> {
        auto::config_of(self.rows.iter().copied())
    }

    /// The field that a configuration would fill and that this message does not have.
    pub fn lacks_config(&self, message: &dyn Reflect) -> Option<&'static str> {
        let (_, index) = self.config_part()?;
        let field = self.rpc.request.fields.get(index)?;
        message.get(index).is_none().then_some(field.name)
    }

    /// What is to be told of the configuration that this message was filled from, once the
    /// request is complete.
    pub fn config_notes(
        &self,
        memory: &Memory,
        automatic: bool,
        message: &dyn Reflect,
    ) -> Option<ConfigNotes> {
        let source = self.source(memory, automatic)?;
        let (_, notes) = self.mapped(&source).ok()?;
        let lacking = match message.get(source.index) {
            Some(Value::Message(message)) => source.config.lacking(source.part, message),
            _ => Vec::new(),
        };
        Some(ConfigNotes {
            name: source.config.name().to_owned(),
            notes,
            lacking,
        })
    }

    /// Fills what was left out from the configuration, and notes it as that of
    /// the container created last.
    pub(super) fn fill_from_config(
        &self,
        message: &mut dyn Reflect,
        memory: &mut Memory,
        automatic: bool,
    ) -> Result<(), Error> {
        let Some(source) = self.source(memory, automatic) else {
            return Ok(());
        };
        let (mapped, _) = self.mapped(&source)?;
        fill(message, &self.explicit, mapped.as_ref());
        if source.part == Part::Spec {
            memory.config = Some(source.config);
        }
        Ok(())
    }

    /// The configuration for this request; without automatic values, only what
    /// the command names.
    fn source(&self, memory: &Memory, automatic: bool) -> Option<Source> {
        let (part, index) = self.config_part()?;
        let bundle = self.configs.bundle.as_ref();
        let of_run = match part {
            Part::Spec => bundle,
            Part::Process => memory.config.as_ref().or(bundle),
        };
        let of_run = of_run.filter(|_| automatic && !self.configs.has_own());
        let config = self.configs.own().or(of_run)?;
        config.has(part).then(|| Source {
            config: Arc::clone(config),
            part,
            index,
        })
    }

    /// A request with nothing but what the configuration says.
    fn mapped(&self, source: &Source) -> Result<(Box<dyn Reflect>, Notes), Error> {
        let mut request = (self.rpc.request.new)();
        let notes = match request.get_mut(source.index) {
            Some(ValueMut::Message(message)) => {
                source.config.put(source.part, message, self.schema)?
            }
            _ => Notes::default(),
        };
        Ok((request, notes))
    }
}
