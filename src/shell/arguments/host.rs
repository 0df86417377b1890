//! The sandboxes and containers of this host, by their files alone: nobody is asked, as an
//! answer may take longer than a person waits for a key.

use agent_node::{Host, Survey};

use crate::complete::Candidate;
use crate::text::escape;

fn glance(root: Option<&str>) -> Survey {
    Host::new(root.unwrap_or("/")).glance()
}

/// What may name a sandbox: IDs of sandboxes, pods, and once a key is typed containers.
pub(super) fn sandboxes(root: Option<&str>, text: &str) -> Vec<Candidate> {
    let survey = glance(root);
    let mut names = Vec::new();
    for sandbox in &survey.sandboxes {
        let pod = sandbox.pod.as_ref().map(ToString::to_string);
        let doc = pod.clone().unwrap_or_else(|| "sandbox".to_owned());
        names.push((sandbox.id.clone(), doc));
        names.extend(pod.map(|pod| (pod, sandbox.id.clone())));
    }
    if !text.is_empty() {
        names.extend(of_containers(&survey).filter(|(name, _)| !name.contains('/')));
    }
    candidates(names, text)
}

/// What may name a container: IDs, and names within their pods; of one sandbox, if that was
/// given.
pub(super) fn containers(root: Option<&str>, sandbox: Option<&str>, text: &str) -> Vec<Candidate> {
    let survey = glance(root);
    let Some(which) = sandbox else {
        return candidates(of_containers(&survey).collect(), text);
    };
    let mut names = Vec::new();
    if let Ok(sandbox) = survey.sandbox(which) {
        for container in sandbox.containers.iter().filter(|it| !it.is_sandbox) {
            let doc = container
                .name
                .clone()
                .unwrap_or_else(|| "container".to_owned());
            let named = container.name.clone();
            names.extend(named.map(|name| (name, container.id.clone())));
            names.push((container.id.clone(), doc));
        }
    }
    candidates(names, text)
}

fn of_containers(survey: &Survey) -> impl Iterator<Item = (String, String)> {
    let all = survey.sandboxes.iter().flat_map(|it| &it.containers);
    let asked_for = all.filter(|container| !container.is_sandbox);
    asked_for.flat_map(|container| {
        let full = match (&container.pod, &container.name) {
            (Some(pod), Some(name)) => Some(format!("{pod}/{name}")),
            _ => None,
        };
        let doc = full.clone().unwrap_or_else(|| "container".to_owned());
        let id = container.id.clone();
        let named = full.map(|full| (full, id.clone()));
        [(id, doc)].into_iter().chain(named)
    })
}

fn candidates(mut names: Vec<(String, String)>, text: &str) -> Vec<Candidate> {
    names.retain(|(name, _)| name.starts_with(text) && escape::line(name) == *name);
    // The container of a sandbox without a pod has the sandbox's ID.
    let mut seen = Vec::new();
    names.retain(|(name, _)| {
        let is_new = !seen.contains(name);
        seen.push(name.clone());
        is_new
    });
    let candidates = names.into_iter();
    candidates
        .map(|(name, doc)| Candidate::last(name, escape::line(&doc)))
        .collect()
}
