//! The variables of a shell, with a bound on what they hold together. They are
//! text by name, and no script is known here.

use std::collections::BTreeMap;

/// How many bytes the names and values of a shell hold at most: what
/// execve(2) takes with the usual stack.
const LIMIT: usize = 2 * 1024 * 1024;

/// The variables.
#[derive(Debug, Clone, Default)]
pub(super) struct Variables {
    values: BTreeMap<String, Variable>,
    size: usize,
}

#[derive(Debug, Clone, Default)]
struct Variable {
    value: String,
    exported: bool,
}

/// The variables hold too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl Variables {
    /// Those of an environment.
    pub(super) fn new(env: &[(String, String)]) -> Variables {
        let mut variables = Variables::default();
        for (name, value) in env {
            // An environment that is too large is cut, as nothing asks for it yet.
            if variables.set(name, value.clone()).is_ok() {
                let _ = variables.export(name);
            }
        }
        variables
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|one| one.value.as_str())
    }

    pub(super) fn set(&mut self, name: &str, value: String) -> Result<(), Full> {
        let old = self.values.get(name);
        let old = old.map_or(0, |old| name.len() + old.value.len());
        let size = self.size - old + name.len() + value.len();
        if size > LIMIT {
            return Err(Full);
        }
        self.size = size;
        match self.values.get_mut(name) {
            Some(variable) => variable.value = value,
            None => {
                let exported = false;
                let variable = Variable { value, exported };
                self.values.insert(name.to_owned(), variable);
            }
        }
        Ok(())
    }

    /// Hands a variable on to programs; one that is new is empty.
    pub(super) fn export(&mut self, name: &str) -> Result<(), Full> {
        if !self.values.contains_key(name) {
            self.set(name, String::new())?;
        }
        if let Some(variable) = self.values.get_mut(name) {
            variable.exported = true;
        }
        Ok(())
    }

    pub(super) fn unset(&mut self, name: &str) {
        if let Some(variable) = self.values.remove(name) {
            self.size -= name.len() + variable.value.len();
        }
    }

    /// What is handed on to programs.
    pub(super) fn env(&self) -> Vec<(String, String)> {
        let exported = self.values.iter().filter(|(_, one)| one.exported);
        exported
            .map(|(name, one)| (name.clone(), one.value.clone()))
            .collect()
    }
}
