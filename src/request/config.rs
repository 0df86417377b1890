//! What an OCI configuration adds to a request: that which the command names,
//! that of the container created last, or that of the run's bundle.

use std::sync::Arc;

use agent_bundle::{Bundle, Config, Part};

use super::{Memory, Request};
use crate::auto;
use crate::error::Error;
use crate::input::Inputs;
use crate::schema::{Reflect, ValueMut, fill};

/// The configurations at hand for a request.
#[derive(Debug, Default)]
pub(super) struct Configs {
    /// What the command itself names.
    pub(super) own: Option<Arc<Config>>,
    /// What the run has for all commands.
    pub(super) bundle: Option<Arc<Config>>,
}

/// A configuration that fills a request.
struct Source {
    config: Arc<Config>,
    part: Part,
    /// The request's field that it fills.
    index: usize,
}

impl Request {
    /// Reads the bundle's configuration, if this request takes something of it.
    ///
    /// # Errors
    /// When it cannot be read, or is no configuration.
    pub fn take_bundle(&mut self, bundle: &Bundle, inputs: &mut Inputs) -> Result<(), Error> {
        if self.config_part().is_some() && self.configs.own.is_none() {
            let name = bundle.config_file();
            let config = Config::parse(&name, &inputs.text(&name)?)?;
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

    /// Members of the configuration that the request has no field for, each
    /// with the file's name before it. To be asked once the request is complete.
    pub fn left_out(&self, memory: &Memory, automatic: bool) -> Option<(String, Vec<String>)> {
        let source = self.source(memory, automatic)?;
        let (_, left_out) = self.mapped(&source).ok()?;
        Some((source.config.name().to_owned(), left_out))
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
        let own = self.configs.own.as_ref();
        let config = own.or(of_run.filter(|_| automatic))?;
        config.has(part).then(|| Source {
            config: Arc::clone(config),
            part,
            index,
        })
    }

    /// A request with nothing but what the configuration says.
    fn mapped(&self, source: &Source) -> Result<(Box<dyn Reflect>, Vec<String>), Error> {
        let mut request = (self.rpc.request.new)();
        let left_out = match request.get_mut(source.index) {
            Some(ValueMut::Message(message)) => {
                source.config.put(source.part, message, self.schema)?
            }
            _ => Vec::new(),
        };
        Ok((request, left_out))
    }
}
