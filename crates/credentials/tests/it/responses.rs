//! Responses of the services that return credentials.

/// An expiry time in the far future.
pub(crate) const FAR: &str = "2099-01-01T00:00:00Z";

/// Returns a response of STS to `action`. The response contains credentials with the access key id `id`.
pub(crate) fn sts_response(action: &str, id: &str) -> String {
    format!(
        "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result><Credentials>\
         <AccessKeyId>{id}</AccessKeyId><SecretAccessKey>sts-secret</SecretAccessKey>\
         <SessionToken>sts-token-{id}</SessionToken><Expiration>{FAR}</Expiration>\
         </Credentials></{action}Result></{action}Response>"
    )
}

/// Returns a response of a container agent. The response contains credentials with the access key id `id`.
pub(crate) fn container_response(id: &str) -> String {
    format!(
        r#"{{"AccessKeyId":"{id}","SecretAccessKey":"agent-secret","Token":"agent-token","Expiration":"{FAR}"}}"#
    )
}

/// Returns a response of instance metadata. The response contains credentials with the access key id `id`.
pub(crate) fn instance_response(id: &str) -> String {
    format!(
        r#"{{"Code":"Success","Type":"AWS-HMAC","AccessKeyId":"{id}","SecretAccessKey":"imds-secret",
        "Token":"imds-token","Expiration":"{FAR}"}}"#
    )
}
