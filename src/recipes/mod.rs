//! Conveniences on top of an RPC: words of a command that are no fields of its
//! request, and what they do to it. A recipe names its RPC and the fields it
//! needs as text, and steps aside where the proto lacks them. How the words
//! were written and how calls are made is not known here.

mod copy;
mod draft;
mod error;
mod image;
mod policy;
mod series;
mod spec;

pub use copy::CopyError;
pub use draft::{Draft, Given, Level};
pub use error::RecipeError;
pub use image::ImageError;
pub use series::{Piece, Pieces, Series};

use crate::auto;
use crate::auto::oci::Part;
use crate::schema::describe::{Parameter, Words};
use crate::schema::{Label, Rpc, Scalar, Type};

/// One convenience.
#[derive(Debug)]
pub struct Recipe {
    /// The RPC it belongs to.
    pub rpc: &'static str,
    /// What may be given for it, beside the request's fields.
    pub parameters: &'static [Parameter],
    /// Parameters of a command to show.
    pub example: Words,
    /// The fields of the request that it sets: without one of them it is not there.
    needs: &'static [(&'static str, Scalar)],
    /// Whether it also needs a field that a whole OCI configuration fills.
    needs_config: bool,
    /// Carries it out, when at least one of its parameters is given.
    apply: fn(&Given, &mut Draft<'_>) -> Result<(), RecipeError>,
}

/// Every recipe.
static RECIPES: &[Recipe] = &[copy::RECIPE, policy::RECIPE, spec::RECIPE, image::RECIPE];

impl Recipe {
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
        self.rpc == rpc.name
            && !rpc.is_streaming()
            && self.needs.iter().all(has)
            && (!self.needs_config || takes_config())
    }

    fn is_asked_for(&self, given: &Given) -> bool {
        let mut names = self.parameters.iter().map(|parameter| parameter.name);
        names.any(|name| given.text(name).is_some())
    }
}

/// The recipes that an RPC has.
pub fn of(rpc: &'static Rpc) -> impl Iterator<Item = &'static Recipe> {
    RECIPES.iter().filter(|recipe| recipe.fits(rpc))
}

/// The parameters that commands of an RPC take.
pub fn parameters(rpc: &'static Rpc) -> impl Iterator<Item = &'static Parameter> {
    of(rpc).flat_map(|recipe| recipe.parameters)
}

/// Carries out every recipe of the RPC that parameters are given for.
///
/// # Errors
/// When a parameter's value is wrong, or what it names cannot be used.
pub fn apply(given: &Given, draft: &mut Draft<'_>) -> Result<(), RecipeError> {
    let mut asked = of(draft.rpc).filter(|recipe| recipe.is_asked_for(given));
    asked.try_for_each(|recipe| (recipe.apply)(given, draft))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_parameter_hides_behind_a_field_of_its_rpc() {
        for service in crate::schema().services {
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
