//! Conveniences on top of an RPC: words of a command that are no fields of its
//! request, and what they do to it. A recipe names its RPC and the fields it
//! needs as text, and steps aside where the proto lacks them. How the words
//! were written and how calls are made is not known here.

mod copy;
mod error;
mod image;
mod policy;
mod series;
mod spec;

pub use copy::CopyError;
pub use error::RecipeError;
pub use image::ImageError;
pub use series::{Piece, Pieces, Series};

use std::sync::Arc;

use crate::auto;
use crate::auto::oci::{Config, Part};
use crate::input::Inputs;
use crate::schema::describe::Parameter;
use crate::schema::{Explicit, Label, Reflect, Rpc, Scalar, Type, ValueMut};

/// One convenience.
#[derive(Debug)]
pub struct Recipe {
    /// The RPC it belongs to.
    pub rpc: &'static str,
    /// What may be given for it, beside the request's fields.
    pub parameters: &'static [Parameter],
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

/// The parameters given with a command.
#[derive(Debug, Default)]
pub struct Given {
    values: Vec<(&'static str, String)>,
}

impl Given {
    /// Notes a parameter's value; a later one replaces it.
    pub fn set(&mut self, name: &'static str, text: String) {
        self.values.retain(|(given, _)| *given != name);
        self.values.push((name, text));
    }

    /// A parameter's value.
    pub fn text(&self, name: &str) -> Option<&str> {
        let mut values = self.values.iter();
        let (_, text) = values.find(|(given, _)| *given == name)?;
        Some(text)
    }
}

/// A request that a recipe may change.
pub struct Draft<'a> {
    /// The RPC it is for.
    pub rpc: &'static Rpc,
    /// What was given so far.
    pub message: &'a mut dyn Reflect,
    /// Which of its fields were given.
    pub explicit: &'a mut Explicit,
    /// Where files are read.
    pub inputs: &'a mut Inputs,
    /// The OCI configuration that fills what was left out.
    pub config: Option<Arc<Config>>,
    /// The calls to make instead of the one, where a recipe needs several.
    pub series: Option<Box<dyn Series>>,
}

impl Draft<'_> {
    /// The index of one of the request's fields.
    fn index(&self, name: &str) -> Option<usize> {
        let fields = self.message.descriptor().fields;
        fields.iter().position(|field| field.name == name)
    }

    /// Whether a field was given explicitly.
    fn has(&self, name: &str) -> bool {
        let index = self.index(name);
        index.is_some_and(|index| self.explicit.contains(index))
    }

    /// Sets a number field, as if it had been given.
    fn set_number(&mut self, name: &str, number: u32) {
        let Some(index) = self.index(name) else {
            return;
        };
        if let Some(ValueMut::Uint32(value)) = self.message.get_mut(index) {
            *value = number;
            self.explicit.mark(index);
        }
    }

    /// Sets a string field, as if it had been given.
    fn set_text(&mut self, name: &str, text: String) {
        let Some(index) = self.index(name) else {
            return;
        };
        if let Some(ValueMut::String(value)) = self.message.get_mut(index) {
            *value = text;
            self.explicit.mark(index);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_later_value_replaces_an_earlier_one() {
        let mut given = Given::default();
        given.set("src", "a".to_owned());
        given.set("dest", "b".to_owned());
        given.set("src", "c".to_owned());
        assert_eq!(given.text("src"), Some("c"));
        assert_eq!(given.text("dest"), Some("b"));
        assert_eq!(given.text("recursive"), None);
    }

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
