//! Tests of the constraints of the Smithy model that requests violate.

use serde_json::{Value, json};

use super::converse::{json_request, user};
use super::*;

const NOVA: &str = "amazon.nova-lite-v1:0";

/// Checks that a request violates one constraint of the Smithy model.
#[track_caller]
fn check_violation(body: &Value, member: &str, constraint: &str) {
    let message = check_error(&endpoint(), json_request(NOVA, "converse", body), 400, "ValidationException");
    let expected = format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: ");
    assert_eq!(message, expected + constraint);
}

#[test]
fn constraints_of_nested_members() {
    let image = json!({"image": {"format": "exe", "source": {"bytes": "AA=="}}});
    check_violation(
        &json!({"messages": [{"role": "user", "content": [{"text": "a"}, image]}]}),
        "messages.1.member.content.2.member.image.format",
        "Member must satisfy enum value set: [png, jpeg, gif, webp]",
    );
    let result = json!({"toolResult": {"toolUseId": "t", "content": [{"text": "a"}, image]}});
    check_violation(
        &json!({"messages": [{"role": "user", "content": [result]}]}),
        "messages.1.member.content.1.member.toolResult.content.2.member.image.format",
        "Member must satisfy enum value set: [png, jpeg, gif, webp]",
    );
    let tool = |name: &str| json!({"toolSpec": {"name": name, "inputSchema": {"json": {"type": "object"}}}});
    check_violation(
        &json!({
            "messages": [user("a")],
            "toolConfig": {"tools": [tool("a"), tool("b"), tool(&"c".repeat(65))]},
        }),
        "toolConfig.tools.3.member.toolSpec.name",
        "Member must have length less than or equal to 64",
    );
    check_violation(
        &json!({"messages": [user("a")], "system": [{"text": "a"}, {"text": ""}]}),
        "system.2.member.text",
        "Member must have length greater than or equal to 1",
    );
    check_violation(
        &json!({"messages": [user("a")], "requestMetadata": {"team": "a", "cost": "{}"}}),
        "requestMetadata",
        "Map value must satisfy constraint: [Member must have length less than or equal to 256, Member must have \
         length greater than or equal to 0, Member must satisfy regular expression pattern: \
         [a-zA-Z0-9\\s:_@$#=/+,-.]{0,256}]",
    );
    check_violation(
        &json!({"messages": [user("a")], "inferenceConfig": {"stopSequences": ["a", ""]}}),
        "inferenceConfig.stopSequences",
        "Member must satisfy constraint: [Member must have length greater than or equal to 1]",
    );
}

#[test]
fn required_members() {
    let null = "Member must not be null";
    check_violation(&json!({"messages": [{"content": [{"text": "a"}]}]}), "messages.1.member.role", null);
    check_violation(&json!({"messages": [{"role": "user"}]}), "messages.1.member.content", null);
    check_violation(
        &json!({"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": null}}]}]}),
        "messages.1.member.content.1.member.image.source",
        null,
    );
    check_violation(
        &json!({"messages": [user("a")], "toolConfig": {"tools": [{"toolSpec": {"name": "a"}}]}}),
        "toolConfig.tools.1.member.toolSpec.inputSchema",
        null,
    );
}
