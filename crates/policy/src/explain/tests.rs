use super::*;

fn print(line: u32, text: &str) -> Print {
    Print {
        line,
        text: text.to_owned(),
    }
}

#[test]
fn a_denial_is_read_however_often_it_was_quoted() {
    let expected = [Denial {
        rule: "ExecProcessRequest".to_owned(),
        prints: vec![
            print(12, "ExecProcessRequest: input = {\"a\":\"b c\"}"),
            print(30, "f: x\\d\ny: true"),
        ],
        has_prints: true,
        error: None,
    }];
    let said = "ExecProcessRequest is blocked by policy: agent_policy:12: ExecProcessRequest: \
                    input = {\"a\":\"b c\"} agent_policy:30: f: x\\d\ny: true";
    let once = format!("{said:?}");
    let twice = format!("rpc error: code = PermissionDenied desc = {once}: unknown");
    let event = format!(
        "  Warning  Failed  2s  kubelet  Error: {:?} and more",
        twice
    );
    let log = format!("\u{1b}[31mERRO\u{1b}[0m[0001] failed error={event:?} name=x");
    for text in [&once, &twice, &event, &log] {
        assert_eq!(denials(text), expected, "{text}");
    }
    assert_eq!(denials(&format!("{event}\n{event}")), expected);
}

#[test]
fn colours_and_signs_are_read_that_a_logger_wrote_out() {
    let said = r"R is blocked by policy: p:1: a \u003cundefined\u003e p:2: b";
    let expected = [print(1, "a <undefined>"), print(2, "b")];
    for escape in [r"\u001b", r"\x1b", r"\\u001b", "#033", r"\u{1b}", "\u{1b}"] {
        let coloured = said.replace(" p:", &format!(" {escape}[1;31mp:"));
        let found = denials(&coloured.replace("a ", &format!("a{escape}[0m ")));
        assert_eq!(found[0].prints, expected, "{coloured}");
    }
    let odd = r"\d \u12 \uzzzz #033 \u{}";
    let kept = denials(&format!("R is blocked by policy: p:1: {odd}"));
    assert_eq!(kept[0].prints, [print(1, odd)]);
}

#[test]
fn lines_that_a_terminal_broke_are_joined() {
    let said = "ExecProcessRequest is blocked by policy: agent_policy:12: a b c \
                    agent_policy:30: said something that is long agent_policy:31: last";
    let expected = [
        print(12, "a b c"),
        print(30, "said something that is long"),
        print(31, "last"),
    ];
    let broken = |text: &str| {
        let chars: Vec<_> = text.chars().collect();
        let lines = chars.chunks(50).map(|line| line.iter().collect::<String>());
        lines.collect::<Vec<_>>().join("\n")
    };
    for text in [
        format!("{}\nanother line\n", broken(said)),
        format!(
            "an event:\n{}\n",
            broken(&format!("Failed: {said:?}: unknown"))
        ),
    ] {
        assert_eq!(denials(&text)[0].prints, expected, "{text}");
    }
    // Broken once: only one line is full.
    let quoted = format!("Failed: desc = {said:?}: unknown");
    for width in [85, 90, 105, 120] {
        for text in [said.to_owned(), quoted.clone()] {
            let (one, two) = text.split_at(width);
            assert_eq!(
                denials(&format!("{one}\n{two}\n"))[0].prints,
                expected,
                "{width} {text}"
            );
        }
    }
    let (one, two) = quoted.split_at(105);
    let among_others = format!("Events:\n{one}\n{two}\nthe next line\n");
    assert_eq!(denials(&among_others)[0].prints, expected);
    let short = format!("{said}\nthe next line\nand another\n");
    assert_eq!(denials(&short)[0].prints, expected);
    // Of a log, each line is for itself.
    let line = |number: u32| {
        let text = "of this it says more than there is room for in a narrow window";
        format!("ListRoutesRequest is blocked by policy: p:{number}: {text}")
    };
    let log = format!("{}\n{}\nanother line\n", line(1), line(2));
    let found = denials(&log);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found.iter().all(|denial| denial.prints.len() == 1),
        "{found:?}"
    );
}

#[test]
fn lines_that_go_on_with_an_indent_or_a_prefix_are_joined() {
    let said = r#"desc = "ExecProcessRequest is blocked by policy: agent_policy:6: asked for [\"sh\"] agent_policy:12: trying ls agent_policy:13: not that either": unknown"#;
    let expected = [
        print(6, "asked for [\"sh\"]"),
        print(12, "trying ls"),
        print(13, "not that either"),
    ];
    let chars: Vec<_> = said.chars().collect();
    let broken = |before: &str| {
        let lines = chars.chunks(74).map(|line| line.iter().collect::<String>());
        let lines: Vec<_> = lines.map(|line| format!("{before}{line}")).collect();
        lines.join("\n")
    };
    for before in [
        "      ",
        "Dec 01 02:00:00 node kata[31]: ",
        "2026-12-01T02:00:00+0000 node.example kata-agent[3]: ",
    ] {
        let text = broken(before);
        assert_eq!(denials(&text)[0].prints, expected, "{text}");
        let event = format!("{before}Failed to create it\n{text}\n{before}Pulled an image\n");
        assert_eq!(denials(&event)[0].prints, expected, "{event}");
    }
    let described = format!(
        "  Warning  Failed  {}\n  Normal  Pulled\n",
        broken("      ").trim()
    );
    assert_eq!(denials(&described)[0].prints, expected, "{described}");
}

/// Hard, with the blanks at the ends of lines dropped, and with an indent; and at words.
#[test]
fn an_event_that_was_broken_at_any_width_is_read() {
    let event = r#"  Warning  Failed  3s  kubelet  Error: failed to create shim task: rpc error: code = PermissionDenied desc = "ExecProcessRequest is blocked by policy: agent_policy:6: asked for [\"df\"] agent_policy:14: trying [\"ls\"] agent_policy:14: trying [\"df\"] agent_policy:16: allowed df agent_policy:8: command ok": unknown"#;
    let expected = [
        print(6, "asked for [\"df\"]"),
        print(14, "trying [\"ls\"]"),
        print(14, "trying [\"df\"]"),
        print(16, "allowed df"),
        print(8, "command ok"),
    ];
    let chars: Vec<_> = event.chars().collect();
    for width in 50..=120 {
        let lines = chars
            .chunks(width)
            .map(|line| line.iter().collect::<String>());
        let lines: Vec<_> = lines.collect();
        let stripped: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
        let mut at_words = String::new();
        let mut room = width;
        for word in event.split_inclusive(' ') {
            if word.trim().len() > room {
                at_words = format!("{}\n", at_words.trim_end());
                room = width;
            }
            at_words.push_str(word);
            room = room.saturating_sub(word.len());
        }
        for text in [
            lines.join("\n"),
            lines.join("\r\n"),
            lines.join("\n      "),
            stripped.join("\n"),
            at_words,
        ] {
            assert_eq!(denials(&text)[0].prints, expected, "{width}\n{text}");
        }
    }
}

#[test]
fn lines_are_joined_that_a_runtime_wrote_in_parts() {
    let said = r#"desc = "R is blocked by policy: agent_policy:6: asked for [\"sh\"] agent_policy:12: trying ls agent_policy:13: not that": unknown"#;
    let expected = [
        print(6, "asked for [\"sh\"]"),
        print(12, "trying ls"),
        print(13, "not that"),
    ];
    let time = "2026-12-01T02:00:00.123456789Z";
    for width in 20..said.len() - 20 {
        let (one, two) = said.split_at(width);
        let (two, three) = two.split_at(10);
        let text = format!(
            "{time} stderr F before\n{time} stderr P {one}\n{time} stderr P {two}\n\
                 {time} stdout F of another\n{time} stderr F {three}\n{time} stderr F after\n"
        );
        assert_eq!(denials(&text)[0].prints, expected, "{text}");
    }
}

#[test]
fn a_text_in_quotes_of_yaml_is_what_it_says() {
    let event = r#"
          message: 'Error: rpc error: code = PermissionDenied desc = "R is blocked by policy: p:1: it''s
            a  test p:2: of [\"a\"] p:3: and of
            another": unknown'
          reason: it's not
"#;
    let expected = [
        print(1, "it's a  test"),
        print(2, "of [\"a\"]"),
        print(3, "and of another"),
    ];
    let items = format!("items:\n        - type: Warning{event}");
    for text in [event, &items, &format!("{event}---\n: [")] {
        assert_eq!(denials(text)[0].prints, expected, "{text}");
    }
}

#[test]
fn what_stands_in_a_table_ends_with_its_cell() {
    let said = "R is blocked by policy: p:1: a|b p:2: of [\"a\"] p:3: and of another";
    let expected = [
        print(1, "a|b"),
        print(2, "of [\"a\"]"),
        print(3, "and of another"),
    ];
    let line = format!("| {said} |");
    let row = format!("+---+---+\n| a | b |\n|---+---|\n| 1 | {said} |\n+---+---+\n");
    let ragged = format!("a list:\n\n| event | what |\n|---|---|\n| 1 | {said} |\n");
    for text in [
        line,
        row.clone(),
        row.replace('|', "│").replace("a│b", "a|b"),
        ragged,
    ] {
        assert_eq!(denials(&text)[0].prints, expected, "{text}");
    }
    for width in 40..60 {
        let chars: Vec<_> = said.chars().collect();
        let cells = chars
            .chunks(width)
            .map(|cell| cell.iter().collect::<String>());
        let rows: Vec<_> = cells
            .map(|cell| format!("│   │ {cell:width$} │ x │"))
            .collect();
        let text = rows.join("\n");
        assert_eq!(denials(&text)[0].prints, expected, "{text}");
    }
    let words = [
        "R is blocked by policy: p:1: a|b p:2: of",
        "[\"a\"] p:3: and",
        "of another",
    ];
    let rows = words.map(|cell| format!("| {cell:42} |"));
    assert_eq!(denials(&rows.join("\n"))[0].prints, expected);
}

#[test]
fn an_error_is_a_denial_too() {
    let error = "PauseContainerRequest: internal error \n--> agent_policy:79:32\n  |\n79 | f(x)\n  \
                     | ^\nerror: could not find function f\n";
    let expected = Failed {
        line: Some(79),
        what: "could not find function f".to_owned(),
    };
    let quoted = format!("desc = {error:?}: unknown\nanother line");
    let flat = error.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in [error, &quoted, &format!("error: {quoted:?}"), &flat] {
        let found = denials(text);
        assert_eq!(found[0].rule, "PauseContainerRequest", "{text}");
        assert_eq!(found[0].error.as_ref(), Some(&expected), "{text}");
    }
    assert!(denials("kubelet: internal error occurred").is_empty());
    assert!(denials("nothing \"is blocked by policy\" here").is_empty());
}

#[test]
fn a_denial_may_be_bare_or_cut_off() {
    let bare = "CopyFileRequest is blocked by policy: ";
    assert_eq!(
        denials(bare),
        [Denial {
            rule: "CopyFileRequest".to_owned(),
            has_prints: true,
            ..Denial::default()
        }]
    );
    let cut = "desc = \"R is blocked by policy: /etc/p.rego:3: a /etc/p.rego:4: b \\\"c";
    assert_eq!(denials(cut)[0].prints, [print(3, "a"), print(4, "b \"c")]);
    assert!(denials("nothing of the kind").is_empty());
}
