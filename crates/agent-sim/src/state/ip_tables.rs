//! The guest's IP tables, of IPv4 and IPv6: rules as iptables-save(8) writes
//! them, replaced table by table as iptables-restore(8) does.

use std::collections::BTreeMap;

/// The tables that Linux has.
const TABLES: [&str; 5] = ["filter", "mangle", "nat", "raw", "security"];

/// The tables of one family.
#[derive(Debug, Default)]
pub(crate) struct IpTables {
    /// The lines of each table that was ever set, without its first and last.
    tables: BTreeMap<&'static str, String>,
}

/// A line, counted from 1, that cannot be restored.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {0} failed")]
pub(crate) struct LineError(usize);

impl IpTables {
    /// The tables as text that [`IpTables::restore`] takes.
    pub(crate) fn save(&self) -> String {
        let mut text = String::new();
        for (name, lines) in &self.tables {
            text.push_str(&format!("*{name}\n{lines}COMMIT\n"));
        }
        text
    }

    /// Replaces the tables in a text. Each counts from its `COMMIT` on.
    ///
    /// # Errors
    /// The first line that is wrong. Chains and rules are looked at by their
    /// first letters only, and kept as they are.
    pub(crate) fn restore(&mut self, text: &[u8]) -> Result<(), LineError> {
        let text = String::from_utf8_lossy(text);
        let mut open: Option<(&'static str, String)> = None;
        let mut count = 0;
        for line in text.lines() {
            count += 1;
            let failed = LineError(count);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match &mut open {
                None => {
                    let name = line.strip_prefix('*').ok_or(LineError(count))?;
                    let known = TABLES.iter().find(|table| **table == name.trim_end());
                    open = Some((known.ok_or(failed)?, String::new()));
                }
                Some(_) if line.trim_end() == "COMMIT" => {
                    let (name, lines) = open.take().ok_or(failed)?;
                    self.tables.insert(name, lines);
                }
                Some((_, lines)) if line.starts_with([':', '-', '[']) => {
                    lines.push_str(line);
                    lines.push('\n');
                }
                Some(_) => return Err(failed),
            }
        }
        match open {
            None => Ok(()),
            Some(_) => Err(LineError(count + 1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_replaced_one_by_one() {
        let mut tables = IpTables::default();
        assert_eq!(tables.save(), "");
        let nat = "*nat\n:PREROUTING ACCEPT [0:0]\n-A PREROUTING -j ACCEPT\nCOMMIT\n";
        assert_eq!(tables.restore(nat.as_bytes()), Ok(()));
        assert_eq!(tables.save(), nat);
        let more = "# x\n*filter\nCOMMIT\n\n*nat\nCOMMIT";
        assert_eq!(tables.restore(more.as_bytes()), Ok(()));
        assert_eq!(tables.save(), "*filter\nCOMMIT\n*nat\nCOMMIT\n");
    }

    #[test]
    fn a_wrong_line_is_told_by_its_number() {
        let mut tables = IpTables::default();
        for (text, line) in [
            ("x", 1),
            ("*zz\nCOMMIT", 1),
            ("*nat\nx", 2),
            ("*nat\n:A - [0:0]", 3),
            ("\n\nCOMMIT\n", 3),
        ] {
            assert_eq!(tables.restore(text.as_bytes()), Err(LineError(line)));
        }
        assert_eq!(tables.restore(b"\xff"), Err(LineError(1)));
        assert_eq!(tables.restore(b""), Ok(()));
        assert_eq!(tables.save(), "");
    }
}
