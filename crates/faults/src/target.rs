//! Which calls a rule is for: those of an RPC or of all, and of them those whose request has a
//! field with a value, as in `[container_id=web]`.

use agent_schema::{Explicit, Plain, Reflect, Rpc, Schema, path};

use super::error::FaultError;

/// The RPCs that a rule is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// All of them.
    Every,
    /// One.
    Rpc(&'static Rpc),
}

impl Target {
    /// Whether a call of `rpc`, or of none that the schema has, counts.
    pub(super) fn includes(self, rpc: Option<&Rpc>) -> bool {
        match self {
            Target::Every => true,
            Target::Rpc(wanted) => rpc.is_some_and(|rpc| std::ptr::eq(wanted, rpc)),
        }
    }

    /// Whether both are for the same RPCs.
    pub(super) fn is(self, other: Target) -> bool {
        match (self, other) {
            (Target::Every, Target::Every) => true,
            (Target::Rpc(one), Target::Rpc(other)) => std::ptr::eq(one, other),
            _ => false,
        }
    }
}

/// A field, and the value that it has to have.
#[derive(Debug, Clone)]
pub(super) struct Field {
    path: String,
    value: String,
}

impl Field {
    /// Reads `path=value`, of the request of an RPC. For every RPC it is enough
    /// that the request of one has the field.
    ///
    /// # Errors
    /// When there is no such field, or it cannot have the value.
    pub(super) fn parse(
        schema: &'static Schema,
        target: Target,
        path: &str,
        value: &str,
    ) -> Result<Field, FaultError> {
        let field = Field {
            path: path.trim().to_owned(),
            value: value.trim().to_owned(),
        };
        match target {
            Target::Rpc(rpc) => field.check(schema, (rpc.request.new)().as_mut())?,
            Target::Every => {
                let mut rpcs = schema.services.iter().flat_map(|service| service.rpcs);
                let fits = |request: &mut dyn Reflect| field.check(schema, request).is_ok();
                if !rpcs.any(|rpc| fits((rpc.request.new)().as_mut())) {
                    return Err(FaultError::NoField(field.path));
                }
            }
        }
        Ok(field)
    }

    /// Whether a request can have it.
    fn check(&self, schema: &'static Schema, request: &mut dyn Reflect) -> Result<(), FaultError> {
        let resolved = path::resolve(request.descriptor(), &Plain, &self.path)?;
        if resolved.last().is_many() {
            return Err(FaultError::ManyValues(self.path.clone()));
        }
        let set = path::set(
            request,
            &mut Explicit::default(),
            &Plain,
            schema,
            &self.path,
            &self.value,
        );
        match set {
            // An empty request has no elements.
            Err(error) if !matches!(error.problem, path::SetProblem::BeyondEnd { .. }) => {
                Err(error.into())
            }
            _ => Ok(()),
        }
    }

    /// Whether a request has it: it is the same when the field is set to the value.
    pub(super) fn is_in(&self, schema: &'static Schema, request: &dyn Reflect) -> bool {
        let mut request = request.clone_boxed();
        let encoded = |request: &dyn Reflect| {
            let mut bytes = Vec::new();
            request.encode_into(&mut bytes).is_ok().then_some(bytes)
        };
        let before = encoded(request.as_ref());
        let set = self.check(schema, request.as_mut());
        set.is_ok() && before.is_some() && encoded(request.as_ref()) == before
    }
}
