//! A session at a shell as a text: commands behind `$ `, each followed by what
//! it prints. A command whose line ends in a backslash goes on in the next one.

/// A command and what it prints.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The command, of one line or more.
    pub command: String,
    /// What it prints on both outputs, line by line; `...` stands for any lines.
    pub prints: String,
}

/// The steps of a session.
pub fn steps(session: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in session.lines() {
        let goes_on = |step: &Step| step.prints.is_empty() && step.command.ends_with('\\');
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push(Step {
                command: command.to_owned(),
                prints: String::new(),
            }),
            (None, Some(step)) if goes_on(step) => {
                step.command.push('\n');
                step.command.push_str(line);
            }
            (None, Some(step)) => {
                step.prints.push_str(line);
                step.prints.push('\n');
            }
            (None, None) => {}
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_commands_and_what_they_print() {
        let step = |command: &str, prints: &str| Step {
            command: command.to_owned(),
            prints: prints.to_owned(),
        };
        assert_eq!(
            steps("\n$ a \\\n    b\n1\n\n$ c\n$ d\n2\n"),
            [
                step("a \\\n    b", "1\n\n"),
                step("c", ""),
                step("d", "2\n")
            ]
        );
        assert_eq!(steps(""), []);
    }
}
