//! Places on the PCI bus as requests name them. Nothing is looked for.

/// The largest slot number on a bus.
pub(super) const LAST_SLOT: u8 = 0x1f;
/// The largest number of a function in a slot.
const LAST_FUNCTION: u8 = 7;

/// Whether a device's place can be read: hexadecimal slots with `/` between them,
/// each with a function after a `.` or without one.
///
/// # Errors
/// What the agent says of one that cannot.
pub(super) fn check_place(place: &str) -> Result<(), String> {
    match place.split('/').all(is_slot) {
        true => Ok(()),
        false => Err(format!("Failed to parse PCI path from '{place}'")),
    }
}

fn is_slot(text: &str) -> bool {
    let (slot, function) = text.split_once('.').unwrap_or((text, "0"));
    let within = |text, last| u8::from_str_radix(text, 16).is_ok_and(|number| number <= last);
    within(slot, LAST_SLOT) && within(function, LAST_FUNCTION)
}

#[cfg(test)]
mod tests {
    use super::check_place;

    #[test]
    fn places_are_read() {
        for right in ["02", "00/02", "02/00/01", "1f.7"] {
            assert_eq!(check_place(right), Ok(()));
        }
        for wrong in ["", "zz", "20", "0.8", "1.2.3", "02/", "-1"] {
            let expected = format!("Failed to parse PCI path from '{wrong}'");
            assert_eq!(check_place(wrong), Err(expected));
        }
    }
}
