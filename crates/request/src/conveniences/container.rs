//! `CreateContainer spec=FILE` and `CreateContainer image=REF id=ID`: an OCI
//! configuration for this command alone, in place of that of the run's bundle. It is
//! the file itself, or made of an image.

use std::cmp::Ordering;
use std::sync::Arc;

use agent_bundle::Config;
#[cfg(feature = "image")]
use agent_bundle::image::{self, Found};

use super::{Convenience, ConvenienceError, Draft, Given};
use agent_schema::Scalar;
use agent_schema::describe::Parameter;

const RPC: &str = "grpc.AgentService/CreateContainer";
const SPEC: &str = "spec";
const IMAGE: &str = "image";
#[cfg(feature = "image")]
const ID: &str = "id";
#[cfg(feature = "image")]
const CONTAINER_ID: &str = "container_id";

pub(super) const OF_SPEC: Convenience = Convenience {
    rpc: RPC,
    parameters: &[Parameter {
        name: SPEC,
        ty: Scalar::String,
        value: "FILE",
        doc: "a config.json of an OCI bundle, as file:///path or a bare path, that fills OCI where \
              the command does not say otherwise; - for standard input",
    }],
    example: &[(SPEC, "-")],
    input: r#"{"root":{"path":"/run/kata-containers/web/rootfs"},"process":{"args":["sleep","60"],"cwd":"/","env":["PATH=/usr/bin:/bin"],"user":{"uid":0,"gid":0},"capabilities":{}},"mounts":[{"destination":"/proc","type":"proc","source":"proc"},{"destination":"/dev","type":"tmpfs","source":"tmpfs"}],"linux":{"namespaces":[{"type":"mount"}]}}"#,
    needs: &[],
    needs_config: true,
    apply: apply_spec,
};

#[cfg(feature = "image")]
pub(super) const OF_IMAGE: Convenience = Convenience {
    rpc: RPC,
    parameters: &[
        Parameter {
            name: IMAGE,
            ty: Scalar::String,
            value: "REF",
            doc: "a folder with an OCI bundle; or an image layout, an archive of one or of docker \
                  save (PATH:TAG for one image of several), or a registry reference, which umoci \
                  unpacks when the command runs, and skopeo fetches or converts first; fills OCI \
                  where the command does not say otherwise",
        },
        Parameter {
            name: ID,
            ty: Scalar::String,
            value: "ID",
            doc: "the container's ID",
        },
    ],
    example: &[],
    input: "",
    needs: &[(CONTAINER_ID, Scalar::String)],
    needs_config: true,
    apply: apply_image,
};

fn apply_spec(given: &Given, draft: &mut Draft<'_>) -> Result<(), ConvenienceError> {
    let Some(text) = given.text(SPEC) else {
        return Ok(());
    };
    match given.level(SPEC).cmp(&given.level(IMAGE)) {
        Ordering::Greater => {}
        Ordering::Equal => return Err(ConvenienceError::SpecAndImage),
        Ordering::Less => return Ok(()),
    }
    let name = text.strip_prefix("file://").unwrap_or(text);
    take(name, SPEC, draft)
}

#[cfg(feature = "image")]
fn apply_image(given: &Given, draft: &mut Draft<'_>) -> Result<(), ConvenienceError> {
    let missing = |parameter| ConvenienceError::Missing {
        parameter,
        takes: "a container of an image takes image=REF and id=ID",
    };
    let own_id = draft.takes(given, ID, CONTAINER_ID)?;
    let id = given.text(ID).filter(|_| own_id).map(str::to_owned);
    let id = id.or_else(|| draft.text(CONTAINER_ID));
    if given.level(SPEC) > given.level(IMAGE) && given.text(IMAGE).is_some() {
        // The configuration beats the image of the document, and not its ID.
        id.into_iter()
            .for_each(|id| draft.set_text(CONTAINER_ID, id));
        return Ok(());
    }
    let reference = given.text(IMAGE).ok_or(missing(IMAGE))?;
    let id = id.ok_or(missing(ID))?;
    match image::find(reference, &id, "kata-agent-ctl")? {
        Found::Bundle(folder) => {
            let config = folder.join("config.json");
            take(&config.to_string_lossy(), IMAGE, draft)?;
        }
        Found::Image(image) => draft.image = Some(image),
    }
    draft.set_text(CONTAINER_ID, id);
    Ok(())
}

/// Takes a file for the configuration of the container.
fn take(
    name: &str,
    parameter: &'static str,
    draft: &mut Draft<'_>,
) -> Result<(), ConvenienceError> {
    let text = draft.inputs.text(name);
    let text = text.map_err(|error| ConvenienceError::Input { parameter, error })?;
    let config = Config::parse(name, &text);
    let mut config = config.map_err(|error| ConvenienceError::Config { parameter, error })?;
    if !draft.as_is {
        config = config.for_guest();
    }
    draft.config = Some(Arc::new(config));
    Ok(())
}
