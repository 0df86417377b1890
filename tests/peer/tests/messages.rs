//! The messages that the tests make by reflection, and their text forms.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use protobuf::reflect::ReflectEqMode;
use typed_peer::protobuf::{self, MessageFull as _};
use typed_peer::protos::agent::{CreateSandboxRequest, FSGroup, MemAgentMemcgConfig, Storage};
use typed_peer::protos::oci::{LinuxSyscall, Root, Spec};
use typed_peer::protos::types::FSGroupChangePolicy;
use typed_peer::text::{self, Names};

#[test]
fn a_full_message_has_every_field_set() {
    for rpc in typed_peer::rpcs() {
        for descriptor in [rpc.request(), rpc.response()] {
            let message = typed_peer::full(&descriptor);
            assert!(typed_peer::missing_fields(&*message).is_empty(), "{rpc:?}");
            assert!(typed_peer::unknown_fields(&*message).is_empty(), "{rpc:?}");
        }
    }
}

#[test]
fn a_field_that_is_not_set_is_found() {
    let mut message = typed_peer::full(&MemAgentMemcgConfig::descriptor());
    let config: &mut MemAgentMemcgConfig = message.downcast_mut().unwrap();
    config.swap = None;
    config.disabled = Some(false);
    assert_eq!(
        typed_peer::missing_fields(&*message),
        [
            "grpc.MemAgentMemcgConfig.disabled",
            "grpc.MemAgentMemcgConfig.swap"
        ]
    );
}

#[test]
fn a_field_that_is_not_known_is_found_at_any_depth() {
    let mut storage = Storage::default();
    storage
        .special_fields
        .mut_unknown_fields()
        .add_varint(99, 1);
    let request = CreateSandboxRequest {
        storages: vec![Storage::default(), storage],
        ..Default::default()
    };
    assert_eq!(typed_peer::unknown_fields(&request), ["grpc.Storage (99)"]);
}

#[test]
fn json_reads_back_in_both_spellings() {
    for rpc in typed_peer::rpcs() {
        for descriptor in [rpc.request(), rpc.response()] {
            let message = typed_peer::full(&descriptor);
            for names in [Names::Proto, Names::Json] {
                let text = text::json(&*message, names);
                let back = text::from_json(&*message, &text).unwrap();
                assert!(
                    back.reflect_eq_dyn(&*message, &ReflectEqMode::default()),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn setters_are_quoted_and_grow_lists() {
    let group = FSGroup {
        group_change_policy: FSGroupChangePolicy::OnRootMismatch.into(),
        ..Default::default()
    };
    let storage = Storage {
        driver: "it's".to_owned(),
        options: vec!["a".to_owned(), "b".to_owned()],
        fs_group: Some(group).into(),
        ..Default::default()
    };
    let request = CreateSandboxRequest {
        sandbox_pidns: true,
        storages: vec![storage],
        ..Default::default()
    };
    assert_eq!(
        text::setters(&request),
        [
            r"storages[0].driver='it'\''s'",
            "storages[0].options='a'",
            "storages[0].options='b'",
            "storages[0].fs_group.group_change_policy=OnRootMismatch",
            "sandbox_pidns=true",
        ]
    );
}

#[test]
fn setters_reach_maps_oneofs_and_empty_messages() {
    let spec = Spec {
        Root: Some(Root::default()).into(),
        Annotations: [("a]\"".to_owned(), "x".to_owned())].into(),
        ..Default::default()
    };
    assert_eq!(
        text::setters(&spec),
        ["Root={}", r#"Annotations["a]\""]='x'"#]
    );

    let mut syscall = LinuxSyscall::default();
    syscall.set_errnoret(0);
    assert_eq!(text::setters(&syscall), ["errnoret=0"]);
}
