//! Tests of sensitive members. `Debug` redacts their values, but serialization does not.

use bytes::Bytes;
use invoke_model_protocol::Operation;
use invoke_model_tests::sensitive::{
    Choice, Half, Kind, Level, PutSecrets, PutSecretsInput, PutSecretsOutput, Whole, WholeChoice,
};

use super::{request_text, response, response_text};

/// Returns an input with all members set. Every sensitive value contains `hush`, `alpha` or 4711.
fn with_all_members() -> PutSecretsInput {
    let hush = || "hush".to_owned();
    let mut half = Half::default();
    (half.open, half.hidden) = (Some("seen".to_owned()), Some(hush()));
    let mut whole = Whole::default();
    (whole.name, whole.choice) = (Some(hush()), Some(Choice::Open(hush())));
    let mut secrets = PutSecretsInput::new(hush());
    secrets.plain = Some("seen".to_owned());
    secrets.of_member = Some(Bytes::from_static(b"hush"));
    secrets.of_shape = Some(hush());
    secrets.in_list = Some(vec![hush()]);
    secrets.in_map = Some([(hush(), "hush".to_owned())].into());
    secrets.in_nested = Some(vec![vec![hush()]]);
    (secrets.of_enum, secrets.of_int_enum) = (Some(Kind::A), Some(Level::LOW));
    secrets.enums = Some(vec![Kind::A]);
    (secrets.of_structure, secrets.structures) = (Some(whole.clone()), Some(vec![whole]));
    secrets.halves = Some(vec![half]);
    secrets.choice = Some(Choice::HiddenList(vec![hush()]));
    secrets.of_union = Some(WholeChoice::Text(hush()));
    secrets.in_field = Some(hush());
    secrets
}

/// Checks that a `Debug` text contains no sensitive value. Also searches for 104, the first byte of
/// `hush`, because `Debug` may print bytes as numbers.
fn check(shown: &str) {
    for secret in ["hush", "alpha", "4711", "104"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
}

#[test]
fn debug_redacts_sensitive_members() {
    let shown = format!("{:?}", with_all_members());
    check(&shown);
    assert!(shown.contains(r#"plain: Some("seen")"#) && shown.contains(r#"open: Some("seen")"#), "{shown}");
    assert!(
        shown.contains("needed: ** redacted **") && shown.contains("of_member: Some(** redacted **)"),
        "{shown}"
    );
    check(&format!("{:?}", PutSecretsOutput::new("hush")));
    // `Debug` prints `None` for a sensitive member that is unset.
    assert!(format!("{:?}", PutSecretsInput::default()).contains("in_list: None"));
}

#[test]
fn debug_redacts_sensitive_shapes() {
    let mut whole = Whole::default();
    whole.name = Some("hush".to_owned());
    let shown = [
        format!("{:?}", Kind::A),
        format!("{:?}", Level::LOW),
        format!("{whole:?}"),
        format!("{:?}", Choice::Hidden("hush".to_owned())),
        format!("{:?}", Choice::Open("seen".to_owned())),
        format!("{:?}", Choice::Nothing {}),
        format!("{:?}", WholeChoice::Text("hush".to_owned())),
        format!("{:?}", WholeChoice::Nothing {}),
    ];
    assert_eq!(
        shown,
        [
            "Kind(** redacted **)",
            "Level(** redacted **)",
            "Whole(** redacted **)",
            "Hidden(** redacted **)",
            "Open(\"seen\")",
            "Nothing",
            "WholeChoice(** redacted **)",
            "WholeChoice(** redacted **)",
        ]
    );
    let unknown = PutSecrets::parse(&response(200, &[], r#"{"choice":{"newSecret":"hush"}}"#)).unwrap();
    check(&format!("{unknown:?}"));
}

#[test]
fn sensitive_members_are_sent() {
    let text = request_text::<PutSecrets>(with_all_members());
    assert!(
        text.contains("x-secret: hush\n") && text.contains(r#""ofEnum":"alpha","ofIntEnum":4711"#),
        "{text}"
    );
    assert!(response_text::<PutSecrets>(PutSecretsOutput::new("hush")).ends_with(r#"{"needed":"hush"}"#));
}
