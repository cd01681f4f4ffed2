//! Tests of the comparison with a service model of botocore, with tiny documents.

use invoke_model_codegen::model::Model;

use crate::model_diff::compare::diff_botocore;

/// Our model.
const OURS: &str = r##"{"smithy":"2.0","shapes":{
    "a#Service":{"type":"service","version":"1","operations":[{"target":"a#Put"},{"target":"a#Watch"}],
      "traits":{"aws.protocols#restJson1":{},"aws.auth#sigv4":{"name":"sign"},
        "aws.api#service":{"sdkId":"S","endpointPrefix":"e"},"smithy.rules#endpointRuleSet":{}}},
    "a#Put":{"type":"operation","input":{"target":"a#In"},"output":{"target":"smithy.api#Unit"},
      "errors":[{"target":"a#Bad"}],
      "traits":{"smithy.api#http":{"method":"PUT","uri":"/{id}"},"smithy.api#idempotent":{}}},
    "a#In":{"type":"structure","members":{
      "id":{"target":"a#Text","traits":{"smithy.api#httpLabel":{},"smithy.api#required":{}}},
      "token":{"target":"smithy.api#String","traits":{"smithy.api#httpHeader":"X-T","smithy.api#idempotencyToken":{}}},
      "names":{"target":"a#Names","traits":{"smithy.api#jsonName":"n","smithy.api#length":{"max":3}}},
      "any":{"target":"a#Choice"},
      "tags":{"target":"a#Tags"}}},
    "a#Text":{"type":"string","traits":{"smithy.api#pattern":"^a+$","smithy.api#sensitive":{}}},
    "a#Names":{"type":"list","member":{"target":"a#Color"}},
    "a#Color":{"type":"enum","members":{"RED":{"target":"smithy.api#Unit","traits":{"smithy.api#enumValue":"red"}},
      "BLUE":{"target":"smithy.api#Unit","traits":{"smithy.api#enumValue":"blue"}}}},
    "a#Tags":{"type":"map","key":{"target":"smithy.api#String"},"value":{"target":"smithy.api#Document"}},
    "a#Choice":{"type":"union","members":{"self":{"target":"a#In"},
      "size":{"target":"smithy.api#Integer","traits":{"smithy.api#range":{"min":0,"max":9}}}}},
    "a#Bad":{"type":"structure","members":{},"traits":{"smithy.api#error":"client","smithy.api#httpError":404}},
    "a#Watch":{"type":"operation","output":{"target":"a#Out"},
      "traits":{"smithy.api#http":{"method":"GET","uri":"/","code":202},"smithy.api#readonly":{}}},
    "a#Out":{"type":"structure","members":{"events":{"target":"a#Events","traits":{"smithy.api#httpPayload":{}}}}},
    "a#Events":{"type":"union","members":{"part":{"target":"a#Part"},"bad":{"target":"a#Bad"}},
      "traits":{"smithy.api#streaming":{}}},
    "a#Part":{"type":"structure","members":{"at":{"target":"smithy.api#Timestamp",
      "traits":{"smithy.api#timestampFormat":"date-time"}}}}
}}"##;

/// The same service in the format of botocore, which names the constrained shapes differently.
const THEIRS: &str = r##"{"version":"2.0",
  "metadata":{"apiVersion":"1","endpointPrefix":"e","protocol":"rest-json","serviceId":"S","signingName":"sign"},
  "operations":{
    "Put":{"name":"Put","http":{"method":"PUT","requestUri":"/{id}","responseCode":200},"input":{"shape":"In"},
      "errors":[{"shape":"Bad"}],"documentation":"theirs","idempotent":true},
    "Watch":{"name":"Watch","http":{"method":"GET","requestUri":"/","responseCode":202},"output":{"shape":"Out"},
      "readonly":true}},
  "shapes":{
    "In":{"type":"structure","required":["id"],"members":{
      "id":{"shape":"Text","location":"uri","locationName":"id"},
      "token":{"shape":"String","location":"header","locationName":"X-T","idempotencyToken":true},
      "names":{"shape":"InNamesList","locationName":"n"},
      "any":{"shape":"Choice"},"tags":{"shape":"Tags"}}},
    "Text":{"type":"string","pattern":"a+","sensitive":true},
    "String":{"type":"string"},
    "InNamesList":{"type":"list","member":{"shape":"Color"},"min":0,"max":3},
    "Color":{"type":"string","enum":["red","blue"]},
    "Tags":{"type":"map","key":{"shape":"String"},"value":{"shape":"Any"}},
    "Any":{"type":"structure","members":{},"document":true},
    "Choice":{"type":"structure","union":true,"members":{"self":{"shape":"In"},"size":{"shape":"ChoiceSizeInteger"}}},
    "ChoiceSizeInteger":{"type":"integer","box":true,"min":0,"max":9},
    "Bad":{"type":"structure","members":{},"error":{"httpStatusCode":404,"senderFault":true},"exception":true},
    "Out":{"type":"structure","members":{"events":{"shape":"Events"}},"payload":"events"},
    "Events":{"type":"structure","eventstream":true,"members":{"part":{"shape":"Part"},"bad":{"shape":"Bad"}}},
    "Part":{"type":"structure","event":true,"members":{"at":{"shape":"At"}}},
    "At":{"type":"timestamp","timestampFormat":"iso8601"}}
}"##;

fn differences(theirs: &str, operations: &[&str]) -> Vec<String> {
    let operations: Vec<String> = operations.iter().map(|name| (*name).to_owned()).collect();
    let ours = Model::from_json(OURS).unwrap();
    let found = diff_botocore(&ours, &serde_json::from_str(theirs).unwrap(), &operations).unwrap();
    found.iter().map(ToString::to_string).collect()
}

/// Replaces `from` by `to` in `THEIRS`, and checks the printed lines for this document.
fn check(from: &str, to: &str, expected: &[&str]) {
    assert_eq!(THEIRS.matches(from).count(), 1, "`{from}` must occur once");
    assert_eq!(differences(&THEIRS.replace(from, to), &[]), expected);
}

#[test]
fn reports_nothing_for_the_same_service() {
    assert_eq!(differences(THEIRS, &[]), [""; 0]);
}

#[test]
fn reports_operations_and_their_bindings() {
    check(r#""Watch":{"name"#, r#""See":{"name"#, &["- See", "+ Watch"]);
    check(r#""method":"PUT""#, r#""method":"POST""#, &[r#"~ Put method: "POST" -> "PUT""#]);
    check(r#""responseCode":202"#, r#""responseCode":200"#, &["~ Watch responseCode: 200 -> 202"]);
    check(r#""readonly":true"#, r#""x":0"#, &["+ Watch readonly"]);
    check(r#""errors":[{"shape":"Bad"}]"#, r#""errors":[]"#, &["+ Put error Bad"]);
    check(r#""output":{"shape":"Out"},"#, "", &["+ Watch output"]);
    check(r#""signingName":"sign""#, r#""x":0"#, &[r#"~ service signingName: "e" -> "sign""#]);
}

#[test]
fn compares_only_the_given_operations() {
    assert_eq!(differences(&THEIRS.replace(r#""Watch":{"name"#, r#""See":{"name"#), &["Put"]), [""; 0]);
}

#[test]
fn reports_members() {
    check(r#""required":["id"]"#, r#""required":["token"]"#, &["+ In$id required", "- In$token required"]);
    check(r#""tags":{"shape":"Tags"}"#, r#""more":{"shape":"Tags"}"#, &["- In$more", "+ In$tags"]);
    check(
        r#""location":"header","locationName":"X-T""#,
        r#""location":"querystring","locationName":"t""#,
        &[r#"~ In$token location: "querystring" -> "header""#, r#"~ In$token locationName: "t" -> "X-T""#],
    );
    check(r#","idempotencyToken":true"#, "", &["+ In$token idempotencyToken"]);
    check(r#","locationName":"n""#, "", &[r#"+ In$names locationName: "n""#]);
    check(r#","payload":"events""#, "", &["+ Out$events payload"]);
    check(
        r#""any":{"shape":"Choice"},"tags":{"shape":"Tags"}"#,
        r#""tags":{"shape":"Tags"},"any":{"shape":"Choice"}"#,
        &[r#"~ In member order /3: "tags" -> "any""#],
    );
}

#[test]
fn reports_shapes_at_the_members_that_use_them() {
    check(
        r#""enum":["red","blue"]"#,
        r#""enum":["red","green"]"#,
        &[r#"+ In$names[] enum "blue""#, r#"- In$names[] enum "green""#],
    );
    check(r#""min":0,"max":3"#, r#""min":1,"max":3"#, &["~ In$names min: 1 -> 0"]);
    check(r#""min":0,"max":9"#, r#""max":9"#, &["+ Choice$size min: 0"]);
    check(r#""pattern":"a+""#, r#""pattern":"b+""#, &[r#"~ In$id pattern: "b+" -> "a+""#]);
    check(r#","sensitive":true"#, "", &["+ In$id sensitive"]);
    check(r#","document":true"#, "", &["+ Document document: true"]);
    check(r#""iso8601""#, r#""rfc822""#, &[r#"~ Part$at timestampFormat: "rfc822" -> "iso8601""#]);
    check(r#""type":"integer""#, r#""type":"long""#, &[r#"~ Choice$size type: "long" -> "integer""#]);
}

#[test]
fn reports_unions_events_and_errors_once() {
    check(r#""union":true,"#, "", &["+ Choice union"]);
    check(r#""eventstream":true,"#, "", &["+ Events eventstream"]);
    check(r#""event":true,"#, "", &["+ Part event"]);
    check(r#""httpStatusCode":404"#, r#""httpStatusCode":400"#, &["~ Bad status: 400 -> 404"]);
    check(
        r#""exception":true"#,
        r#""exception":true,"fault":true"#,
        &[r#"~ Bad error: "server" -> "client""#],
    );
}
