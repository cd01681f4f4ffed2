//! What to do about well-known errors whose own words do not say it.

use std::borrow::Cow;

use super::Context;

/// An error that is known by its code (any, if empty), by a part of its message in lower case (any, if empty), or by
/// both.
struct Known {
    code: &'static str,
    message: &'static str,
    hint: &'static str,
}

/// The first that fits is taken: what has more to say stands before what fits more.
const KNOWN: &[Known] = &[
    Known {
        code: "",
        message: "too many tokens per day",
        hint: "this is the account's quota for the day, and no retry mends it: wait for the next day, use another \
               model or region, or ask for more in Service Quotas",
    },
    Known {
        code: "",
        message: "use case details have not been submitted",
        hint: "submit the use case form of the model's provider once for the account, in the model catalog of the \
               Bedrock console, and try again after about 15 minutes",
    },
    Known {
        code: "ValidationException",
        message: "on-demand throughput isn",
        hint: "call the model through an inference profile: its id is the model id with the geography before it, \
               such as `us.`, `eu.` or `global.`",
    },
    Known {
        code: "ResourceNotFoundException",
        message: "end of its life",
        hint: "the model is retired: take a newer version of it",
    },
    Known {
        code: "ValidationException",
        message: "malformed input request",
        hint: "the body is not in the schema of this model: each model family has its own",
    },
    Known {
        code: "ValidationException",
        message: "operation not allowed",
        hint: "the account may not use this model yet: ask AWS Support to lift the restriction",
    },
    Known {
        code: "",
        message: "api key is valid",
        hint: "the bearer token is wrong or has expired: renew AWS_BEARER_TOKEN_BEDROCK, or unset it to use \
               credentials",
    },
    Known {
        code: "",
        message: "signature expired",
        hint: "the clock of this machine is wrong, or the request was held up for more than five minutes: set the \
               clock",
    },
    Known {
        code: "",
        message: "signature not yet current",
        hint: "the clock of this machine is ahead: set it",
    },
    Known {
        code: "InvalidSignatureException",
        message: "",
        hint: "the secret access key does not belong to the access key id, or a proxy changed the request on its way",
    },
    Known {
        code: "SignatureDoesNotMatch",
        message: "",
        hint: "the secret access key does not belong to the access key id, or a proxy changed the request on its way",
    },
    Known {
        code: "ExpiredTokenException",
        message: "",
        hint: "the temporary credentials have expired: get new ones and set all three of AWS_ACCESS_KEY_ID, \
               AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN",
    },
    Known {
        code: "UnrecognizedClientException",
        message: "",
        hint: "the access key id is not known, or AWS_SESSION_TOKEN is missing or belongs to other credentials",
    },
    Known {
        code: "AccessDeniedException",
        message: "aws-marketplace",
        hint: "the first call of this model subscribes the account to it: make that one as a caller who is allowed \
               aws-marketplace:Subscribe and aws-marketplace:ViewSubscriptions",
    },
    Known {
        code: "AccessDeniedException",
        message: "access to the model",
        hint: "the account has no access to this model in this region: ask for it in the model catalog of the \
               Bedrock console",
    },
    Known {
        code: "AccessDeniedException",
        message: "",
        hint: "allow the caller bedrock:InvokeModel on the model (for an inference profile, on the profile and on \
               the models behind it), and check that the account has access to the model",
    },
    Known {
        code: "ModelNotReadyException",
        message: "",
        hint: "the model is being loaded: try again in a minute",
    },
];

/// What to do, if it is known.
pub(super) fn hint(
    code: Option<&str>,
    message: Option<&str>,
    context: &Context,
) -> Option<Cow<'static, str>> {
    let (code, message) = (code.unwrap_or_default(), message.unwrap_or_default().to_ascii_lowercase());
    if message.contains("credential should be scoped") {
        return Some(wrong_scope(context).into());
    }
    if let Some(hint) = other_region(code, context) {
        return Some(hint.into());
    }
    if message.contains("model identifier is invalid") {
        let region = context.region.as_deref().unwrap_or("the region that is called");
        return Some(
            format!("no such model in {region}: check the id, and whether the region has it").into(),
        );
    }
    let fits =
        |known: &&Known| (known.code.is_empty() || known.code == code) && message.contains(known.message);
    KNOWN.iter().find(fits).map(|known| known.hint.into())
}

/// A quota that no retry mends.
pub(crate) fn is_daily_quota(message: &str) -> bool {
    message.to_ascii_lowercase().contains("tokens per day")
}

fn wrong_scope(context: &Context) -> String {
    let region = context.region.as_deref().unwrap_or("no region");
    let endpoint = &context.endpoint;
    format!(
        "the request was signed for {region} and sent to {endpoint}: set the region to that of the endpoint"
    )
}

/// An ARN of another region: the service says that the identifier is invalid, or denies access, but not why.
fn other_region(code: &str, context: &Context) -> Option<String> {
    if !matches!(code, "ValidationException" | "ResourceNotFoundException" | "AccessDeniedException") {
        return None;
    }
    let called = context.region.as_deref()?;
    // arn:partition:service:region:account:resource
    let arns = context.labels.iter().filter(|(_, value)| value.starts_with("arn:"));
    let named = arns
        .filter_map(|(_, arn)| arn.split(':').nth(3))
        .find(|region| !region.is_empty() && *region != called)?;
    Some(format!("the ARN is of region {named}, but {called} was called: set the region to {named}"))
}
