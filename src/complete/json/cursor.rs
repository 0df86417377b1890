//! Where JSON that is still being typed ends: a reader that follows objects and
//! arrays down to the cursor. It knows the form of JSON, and no field.

/// An object or array that the cursor is in.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Frame {
    /// Whether it is an array.
    pub is_list: bool,
    /// The key of the value that is being read.
    pub key: Option<String>,
    /// The keys before it.
    pub given: Vec<String>,
    /// What comes next.
    pub next: Next,
}

/// What an object or array goes on with.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) enum Next {
    #[default]
    Key,
    Colon,
    Value,
    Comma,
}

/// What may stand at the cursor.
#[derive(Debug, PartialEq)]
pub(super) enum Place {
    /// A key of the innermost object.
    Key,
    /// A value in the innermost object or array, or the whole of the JSON.
    Value,
}

/// Where in JSON a text ends.
#[derive(Debug, PartialEq)]
pub(super) struct Cursor {
    /// The objects and arrays around the cursor, the outermost first.
    pub frames: Vec<Frame>,
    /// Which of them may stand there.
    pub place: Place,
    /// Where the key or value begins, its quote included.
    pub start: usize,
    /// What is typed of it.
    pub typed: String,
    /// Whether it begins with a quote.
    pub is_quoted: bool,
}

impl Cursor {
    /// Reads to the end of `text`. `None` where neither a key nor a value is typed.
    pub(super) fn find(text: &str) -> Option<Cursor> {
        let mut frames: Vec<Frame> = Vec::new();
        let mut at = 0;
        // What comes next where there is no frame around it.
        let mut outside = Next::Value;
        loop {
            let rest = text.get(at..)?;
            at += rest.len() - rest.trim_start().len();
            let rest = rest.trim_start();
            let next = frames
                .last_mut()
                .map_or(&mut outside, |frame| &mut frame.next);
            let Some(length) = token_length(rest) else {
                let place = match next {
                    Next::Key => Place::Key,
                    Next::Value => Place::Value,
                    Next::Colon | Next::Comma => return None,
                };
                let is_quoted = rest.starts_with('"');
                return Some(Cursor {
                    frames,
                    place,
                    start: at,
                    typed: rest.strip_prefix('"').unwrap_or(rest).to_owned(),
                    is_quoted,
                });
            };
            let token = rest.get(..length)?;
            at += length;
            match (token, *next) {
                ("{" | "[", Next::Value) => {
                    *next = Next::Comma;
                    let is_list = token == "[";
                    frames.push(Frame {
                        is_list,
                        next: if is_list { Next::Value } else { Next::Key },
                        ..Frame::default()
                    });
                }
                ("}" | "]", _) => drop(frames.pop()?),
                (",", Next::Comma) => {
                    let frame = frames.last_mut()?;
                    frame.given.extend(frame.key.take());
                    frame.next = if frame.is_list {
                        Next::Value
                    } else {
                        Next::Key
                    };
                }
                (":", Next::Colon) => *next = Next::Value,
                (key, Next::Key) => {
                    let key = serde_json::from_str(key).ok()?;
                    let frame = frames.last_mut()?;
                    frame.key = Some(key);
                    frame.next = Next::Colon;
                }
                (_, Next::Value) => *next = Next::Comma,
                _ => return None,
            }
        }
    }
}

/// The length of the token that `text` begins with; `None` when it may not have
/// ended.
fn token_length(text: &str) -> Option<usize> {
    match text.chars().next()? {
        '{' | '}' | '[' | ']' | ',' | ':' => Some(1),
        '"' => {
            let mut escaped = false;
            let end = text.char_indices().skip(1).find(|(_, letter)| {
                let ends = *letter == '"' && !escaped;
                escaped = *letter == '\\' && !escaped;
                ends
            });
            end.map(|(end, _)| end + 1)
        }
        _ => {
            let ends = |letter: char| letter.is_whitespace() || "{}[],:\"".contains(letter);
            text.find(ends)
        }
    }
}
