//! Hints for well-known errors whose message does not explain what to do.

use std::borrow::Cow;

use super::ErrorContext;

/// A rule that selects a hint for an error. The rule applies if the code of the error is `code`, and the
/// message of the error contains `message` after its conversion to lower case. An empty `code` or `message`
/// matches every error.
struct Rule {
    code: &'static str,
    message: &'static str,
    hint: &'static str,
}

/// The rules for hints. The first rule that matches applies, so specific rules are listed before general
/// rules.
const RULES: &[Rule] = &[
    Rule {
        code: "",
        message: "too many tokens per day",
        hint: "the account's daily quota is exhausted, and retries do not help: wait until the next day, use another \
               model or region, or request an increase in Service Quotas",
    },
    Rule {
        code: "",
        message: "use case details have not been submitted",
        hint: "submit the use case form of the model provider once for the account, in the model catalog of the \
               Bedrock console, and try again after about 15 minutes",
    },
    Rule {
        code: "ValidationException",
        message: "on-demand throughput isn",
        hint: "call the model through an inference profile: its id is the model id with a geography prefix such as \
               `us.`, `eu.` or `global.`",
    },
    Rule {
        code: "ResourceNotFoundException",
        message: "end of its life",
        hint: "the model is retired: use a newer version",
    },
    Rule {
        code: "ValidationException",
        message: "malformed input request",
        hint: "the body does not match the schema of this model: each model family has a different schema",
    },
    Rule {
        code: "ValidationException",
        message: "operation not allowed",
        hint: "the account is not allowed to use this model yet: ask AWS Support to lift the restriction",
    },
    Rule {
        code: "",
        message: "api key is valid",
        hint: "the bearer token is wrong or has expired: renew AWS_BEARER_TOKEN_BEDROCK, or unset it to use \
               credentials",
    },
    Rule {
        code: "",
        message: "signature expired",
        hint: "the clock of this machine is wrong, or the request was delayed for more than five minutes: set the \
               clock",
    },
    Rule {
        code: "",
        message: "signature not yet current",
        hint: "the clock of this machine is ahead: set the clock",
    },
    Rule {
        code: "InvalidSignatureException",
        message: "",
        hint: "the secret access key does not belong to the access key id, or a proxy changed the request",
    },
    Rule {
        code: "SignatureDoesNotMatch",
        message: "",
        hint: "the secret access key does not belong to the access key id, or a proxy changed the request",
    },
    Rule {
        code: "ExpiredTokenException",
        message: "",
        hint: "the temporary credentials have expired: get new credentials, and set AWS_ACCESS_KEY_ID, \
               AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
    },
    Rule {
        code: "UnrecognizedClientException",
        message: "",
        hint: "the access key id is unknown, or AWS_SESSION_TOKEN is missing or belongs to other credentials",
    },
    Rule {
        code: "AccessDeniedException",
        message: "aws-marketplace",
        hint: "the first call of this model subscribes the account to the model: make this call with an identity that \
               has the permissions aws-marketplace:Subscribe and aws-marketplace:ViewSubscriptions",
    },
    Rule {
        code: "AccessDeniedException",
        message: "access to the model",
        hint: "the account has no access to this model in this region: request access in the model catalog of \
               the Bedrock console",
    },
    Rule {
        code: "AccessDeniedException",
        message: "",
        hint: "grant the caller the permission bedrock:InvokeModel on the model (for an inference profile: on the \
               profile and on its models), and check that the account has access to the model",
    },
    Rule {
        code: "ModelNotReadyException",
        message: "",
        hint: "the model is still loading: try again in a minute",
    },
];

/// The hint for redirects.
const REDIRECT: &str = "the client follows no redirects, because it signs a request for one host: set the endpoint URL \
                        to the host of the target";

/// Returns the hint for an error, if there is one.
pub(super) fn hint(
    code: Option<&str>,
    message: Option<&str>,
    context: &ErrorContext,
) -> Option<Cow<'static, str>> {
    let (code, message) = (code.unwrap_or_default(), message.unwrap_or_default().to_ascii_lowercase());
    if message.contains("credential should be scoped") {
        return Some(wrong_scope(context).into());
    }
    if let Some(hint) = other_region(code, context) {
        return Some(hint.into());
    }
    if message.contains("model identifier is invalid") {
        let region = context.region.as_deref().unwrap_or("the region of the call");
        return Some(
            format!("no such model in {region}: check the id, and check that the region offers the model")
                .into(),
        );
    }
    if code.is_empty() && context.status.is_some_and(|status| status.is_redirection()) {
        return Some(REDIRECT.into());
    }
    let matches =
        |rule: &&Rule| (rule.code.is_empty() || rule.code == code) && message.contains(rule.message);
    RULES.iter().find(matches).map(|rule| rule.hint.into())
}

/// Returns `true` if the message reports an exhausted daily quota. A retry does not help in this case.
pub(crate) fn is_daily_quota(message: &str) -> bool {
    message.to_ascii_lowercase().contains("tokens per day")
}

fn wrong_scope(context: &ErrorContext) -> String {
    let region = context.region.as_deref().unwrap_or("no region");
    let endpoint = &context.endpoint;
    format!("the request was signed for {region} and sent to {endpoint}: set the region of the endpoint")
}

/// Returns a hint if the model id or another member in the path is an ARN of another region. In this case,
/// the service rejects the identifier or denies access without an explanation.
fn other_region(code: &str, context: &ErrorContext) -> Option<String> {
    if !matches!(code, "ValidationException" | "ResourceNotFoundException" | "AccessDeniedException") {
        return None;
    }
    let region = context.region.as_deref()?;
    // arn:partition:service:region:account:resource
    let arns = context.labels.iter().filter(|(_, value)| value.starts_with("arn:"));
    let other = arns
        .filter_map(|(_, arn)| arn.split(':').nth(3))
        .find(|other| !other.is_empty() && *other != region)?;
    Some(format!("the ARN is in region {other}, but the call went to {region}: set the region to {other}"))
}
