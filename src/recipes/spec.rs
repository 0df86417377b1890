//! `CreateContainer spec=FILE`: an OCI configuration for this command alone,
//! in place of that of the run's bundle.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Draft, Given, Recipe, RecipeError};
use crate::auto::oci::Config;
use crate::schema::Scalar;
use crate::schema::describe::Parameter;

pub(super) const SPEC: &str = "spec";

pub(super) const RECIPE: Recipe = Recipe {
    rpc: "CreateContainer",
    parameters: &[Parameter {
        name: SPEC,
        ty: Scalar::String,
        value: "FILE",
        doc: "a config.json of an OCI bundle, as file:///path or a bare path, that fills OCI where \
              the command does not say otherwise; - for standard input",
    }],
    example: &[(SPEC, "file:///tmp/bundle/config.json")],
    needs: &[],
    needs_config: true,
    apply,
};

fn apply(given: &Given, draft: &mut Draft<'_>) -> Result<(), RecipeError> {
    let Some(text) = given.text(SPEC) else {
        return Ok(());
    };
    match given.level(SPEC).cmp(&given.level(super::image::IMAGE)) {
        Ordering::Greater => {}
        Ordering::Equal => return Err(super::ImageError::WithSpec.into()),
        Ordering::Less => return Ok(()),
    }
    let name = text.strip_prefix("file://").unwrap_or(text);
    let config = Config::read(name, draft.inputs).map_err(|error| RecipeError::Config {
        parameter: SPEC,
        error,
    })?;
    draft.config = Some(Arc::new(config));
    Ok(())
}
