//! Writes and parses the value of the SigV4 `authorization` header.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#add-signature-to-request>

use crate::scope::CredentialScope;

pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// Returns the value of the `authorization` header.
pub(crate) fn write(
    access_key_id: &str,
    scope: &CredentialScope,
    signed_headers: &str,
    signature: &str,
) -> String {
    let [credential, signed, signed_with] = [" Credential=", ", SignedHeaders=", ", Signature="];
    let fixed = [ALGORITHM, credential, access_key_id, "/", signed, signed_headers, signed_with, signature];
    let length = scope.len() + fixed.iter().map(|part| part.len()).sum::<usize>();
    let mut text = String::with_capacity(length);
    text.push_str(ALGORITHM);
    text.push_str(credential);
    text.push_str(access_key_id);
    text.push('/');
    scope.write(&mut text);
    text.push_str(signed);
    text.push_str(signed_headers);
    text.push_str(signed_with);
    text.push_str(signature);
    text
}

/// The parameters of an `authorization` header that a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Authorization<'a> {
    pub(crate) access_key_id: &'a str,
    /// Day, region, service and terminator.
    pub(crate) scope: [&'a str; 4],
    /// Lower-case header names, sorted and without duplicates.
    pub(crate) signed_headers: Vec<&'a str>,
    /// 64 lower-case hex digits.
    pub(crate) signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// Parses the header value. The error text is a verb phrase, for example "has no parameters".
    pub(crate) fn parse(value: &'a str) -> Result<Self, &'static str> {
        let (scheme, parameters) = value.trim().split_once(' ').ok_or("has no parameters")?;
        if scheme != ALGORITHM {
            return Err("has a scheme other than AWS4-HMAC-SHA256");
        }
        let [mut credential, mut signed_headers, mut signature] = [None; 3];
        for parameter in parameters.split(',') {
            let (name, value) = parameter.trim().split_once('=').ok_or("has a parameter without `=`")?;
            let slot = match name {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err("has a parameter other than Credential, SignedHeaders and Signature"),
            };
            if slot.replace(value).is_some() {
                return Err("has a duplicate parameter");
            }
        }
        let (access_key_id, scope) = parse_credential(credential.ok_or("has no Credential")?)?;
        Ok(Self {
            access_key_id,
            scope,
            signed_headers: parse_signed_headers(signed_headers.ok_or("has no SignedHeaders")?)?,
            signature: parse_signature(signature.ok_or("has no Signature")?)?,
        })
    }
}

pub(crate) fn parse_credential(credential: &str) -> Result<(&str, [&str; 4]), &'static str> {
    let parts: Vec<_> = credential.split('/').collect();
    match parts[..] {
        [access_key_id, day, region, service, terminator] if !access_key_id.is_empty() => {
            Ok((access_key_id, [day, region, service, terminator]))
        }
        _ => Err("has a Credential that is not of the form `id/day/region/service/aws4_request`"),
    }
}

pub(crate) fn parse_signed_headers(names: &str) -> Result<Vec<&str>, &'static str> {
    let names: Vec<_> = names.split(';').collect();
    let lower_case =
        names.iter().all(|name| !name.is_empty() && !name.bytes().any(|b| b.is_ascii_uppercase()));
    if !lower_case || !names.is_sorted_by(|a, b| a < b) {
        return Err("has SignedHeaders that are not lower-case, sorted and unique");
    }
    Ok(names)
}

pub(crate) fn parse_signature(signature: &str) -> Result<&str, &'static str> {
    let digits = signature.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !digits || signature.len() != 64 {
        return Err("has a Signature that is not 64 lower-case hex digits");
    }
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIGNATURE: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn parses_parameters_in_any_order_with_or_without_blanks() {
        let expected = || Authorization {
            access_key_id: "AKIDEXAMPLE",
            scope: ["20150830", "us-east-1", "bedrock", "aws4_request"],
            signed_headers: vec!["host", "x-amz-date"],
            signature: SIGNATURE,
        };
        let credential = "Credential=AKIDEXAMPLE/20150830/us-east-1/bedrock/aws4_request";
        let headers = "SignedHeaders=host;x-amz-date";
        for value in [
            format!("AWS4-HMAC-SHA256 {credential}, {headers}, Signature={SIGNATURE}"),
            format!("AWS4-HMAC-SHA256 Signature={SIGNATURE},{headers},{credential}"),
        ] {
            assert_eq!(Authorization::parse(&value), Ok(expected()));
        }
    }

    #[test]
    fn rejects_malformed_values() {
        let check = |parameters: &str, expected: &str| {
            let value = format!("AWS4-HMAC-SHA256 {}", parameters.replace('$', SIGNATURE));
            let error = Authorization::parse(&value).unwrap_err();
            assert!(error.contains(expected), "{parameters}: {error}");
        };
        check("Credential", "without `=`");
        check("Credential=a/b/c/d/e, SignedHeaders=host", "no Signature");
        check("Credential=a/b/c/d/e, Signature=$", "no SignedHeaders");
        check("SignedHeaders=host, Signature=$", "no Credential");
        check("Credential=a/b/c/d/e, SignedHeaders=host, Signature=$, Signature=$", "duplicate");
        check("Credential=a/b/c/d, SignedHeaders=host, Signature=$", "Credential that is not");
        check("Credential=/b/c/d/e, SignedHeaders=host, Signature=$", "Credential that is not");
        check("Credential=a/b/c/d/e/f, SignedHeaders=host, Signature=$", "Credential that is not");
        check("Credential=a/b/c/d/e, SignedHeaders=, Signature=$", "SignedHeaders that are not");
        check("Credential=a/b/c/d/e, SignedHeaders=Host, Signature=$", "SignedHeaders that are not");
        check("Credential=a/b/c/d/e, SignedHeaders=host;a, Signature=$", "SignedHeaders that are not");
        check("Credential=a/b/c/d/e, SignedHeaders=host;host, Signature=$", "SignedHeaders that are not");
        check("Credential=a/b/c/d/e, SignedHeaders=host, Signature=$0", "64 lower-case");
        check("Credential=a/b/c/d/e, SignedHeaders=host, Signature=E", "64 lower-case");
        check("Credential=a/b/c/d/e, SignedHeaders=host, Signature=$, More=1", "other than");
        for (value, expected) in
            [("", "no parameters"), ("Bearer", "no parameters"), ("Bearer token", "a scheme other")]
        {
            assert!(Authorization::parse(value).unwrap_err().contains(expected), "{value}");
        }
    }
}
