//! Conveniences on top of an RPC: parameters of a command that are not fields of its
//! request, and what they do to it. A row of the table names its RPC and the fields
//! that it needs as text, and steps aside where the protos lack them.

mod container;
mod copy;
mod draft;
mod error;
mod policy;

use agent_bundle::Part;

pub use copy::{CopyError, Copying, FileCopy, Piece};
pub use draft::{Draft, Given, Level};
pub use error::ConvenienceError;

use crate::auto;
use agent_schema::describe::Parameter;
use agent_schema::{Label, Rpc, Scalar, Type};

/// Names and values of a command's words.
pub type Words = &'static [(&'static str, &'static str)];

/// One convenience.
#[derive(Debug)]
pub struct Convenience {
    /// The RPC it belongs to, as `service/method`.
    pub rpc: &'static str,
    /// What may be given for it, beside the request's fields.
    pub parameters: &'static [Parameter],
    /// A command to show, by its parameters; none where it needs what not everybody has.
    pub example: Words,
    /// What is on standard input of that.
    pub input: &'static str,
    /// The fields of the request that it sets: without one of them it is not there.
    needs: &'static [(&'static str, Scalar)],
    /// Whether it also needs a field that a whole OCI configuration fills.
    needs_config: bool,
    /// Carries it out, when at least one of its parameters is given.
    apply: fn(&Given, &mut Draft<'_>) -> Result<(), ConvenienceError>,
}

/// Every convenience.
static TABLE: &[Convenience] = &[
    copy::COPY,
    policy::POLICY_FILE,
    container::OF_SPEC,
    #[cfg(feature = "image")]
    container::OF_IMAGE,
];

impl Convenience {
    /// Whether the RPC is the one it belongs to, and has the fields it needs.
    fn fits(&self, rpc: &Rpc) -> bool {
        let has = |(name, scalar): &(&str, Scalar)| {
            rpc.request.fields.iter().any(|field| {
                field.name == *name
                    && matches!(field.label, Label::Singular | Label::Optional)
                    && matches!(field.ty, Type::Scalar(found) if found == *scalar)
            })
        };
        let takes_config = || matches!(auto::config_row(rpc), Some((Part::Spec, _)));
        auto::is_of(self.rpc, rpc)
            && !rpc.is_streaming()
            && self.needs.iter().all(has)
            && (!self.needs_config || takes_config())
    }

    fn is_asked_for(&self, given: &Given) -> bool {
        let mut names = self.parameters.iter().map(|parameter| parameter.name);
        names.any(|name| given.text(name).is_some())
    }
}

/// The conveniences that an RPC has.
pub fn of(rpc: &'static Rpc) -> impl Iterator<Item = &'static Convenience> {
    TABLE.iter().filter(|convenience| convenience.fits(rpc))
}

/// The parameters that commands of an RPC take.
pub fn parameters(rpc: &'static Rpc) -> impl Iterator<Item = &'static Parameter> {
    of(rpc).flat_map(|convenience| convenience.parameters)
}

/// Carries out every convenience of the RPC that parameters are given for.
///
/// # Errors
/// When a parameter's value is wrong, or what it names cannot be used.
pub(crate) fn apply(given: &Given, draft: &mut Draft<'_>) -> Result<(), ConvenienceError> {
    let mut asked = of(draft.rpc).filter(|convenience| convenience.is_asked_for(given));
    asked.try_for_each(|convenience| (convenience.apply)(given, draft))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parameter_hides_behind_a_field_of_its_rpc() {
        for service in agent_api::schema().services {
            for rpc in service.rpcs {
                let mut seen = Vec::new();
                for parameter in parameters(rpc) {
                    let name = parameter.name;
                    let mut fields = rpc.request.fields.iter();
                    assert!(fields.all(|field| field.name != name), "{name}");
                    assert!(!seen.contains(&name), "{name} is there twice");
                    seen.push(name);
                }
            }
        }
    }
}
