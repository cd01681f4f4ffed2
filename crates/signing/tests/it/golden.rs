//! Comparison with signatures that an independent program computed. The program was written from the
//! specification.

use std::time::SystemTime;

use invoke_model_signing::{AmzDate, Credentials, PayloadHash, Signer, Verifier, VerifyError};

use crate::{BODY, ID, SECRET, TOKEN, credentials, parts};

struct Golden<'a> {
    uri: &'a str,
    headers: &'a [(&'a str, &'a str)],
    region: &'a str,
    service: &'a str,
    date: &'a str,
    token: Option<&'a str>,
    body: &'a [u8],
    canonical_request: &'a str,
    request_hash: &'a str,
    signature: &'a str,
}

fn check(method: http::Method, golden: &Golden<'_>) {
    let Golden { region, service, date, .. } = golden;
    let mut request = parts(golden.uri, golden.headers);
    request.method = method;
    let time: SystemTime = date.parse::<AmzDate>().unwrap().system_time();
    let credentials = Credentials::new(ID, SECRET, golden.token.map(str::to_owned));
    let signer = Signer::new(*region, *service);
    let signed = signer.sign(&mut request, &credentials, &PayloadHash::of(golden.body), time).unwrap();

    assert_eq!(signed.canonical_request().as_str(), golden.canonical_request);
    let scope = format!("{}/{region}/{service}/aws4_request", &date[..8]);
    let hash = golden.request_hash;
    assert_eq!(signed.string_to_sign(), format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{hash}"));
    assert_eq!(signed.signature(), golden.signature);

    let names = golden.canonical_request.lines().rev().nth(1).unwrap();
    let signature = golden.signature;
    let expected =
        format!("AWS4-HMAC-SHA256 Credential={ID}/{scope}, SignedHeaders={names}, Signature={signature}");
    assert_eq!(request.headers["authorization"], expected);
    assert_eq!(request.headers["x-amz-date"], *date);
    let token = request.headers.get("x-amz-security-token").map(|value| value.to_str().unwrap());
    assert_eq!(token, golden.token);
}

#[test]
fn request_with_only_a_host() {
    check(
        http::Method::GET,
        &Golden {
            uri: "https://example.amazonaws.com/",
            headers: &[],
            region: "us-east-1",
            service: "service",
            date: "20150830T123600Z",
            token: None,
            body: b"",
            canonical_request: "\
GET
/

host:example.amazonaws.com
x-amz-date:20150830T123600Z

host;x-amz-date
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            request_hash: "bb579772317eb040ac9ed261061d46c1f17a8133879d6129b6e1c25292927e63",
            signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        },
    );
}

#[test]
fn model_id_with_a_colon() {
    check(
        http::Method::POST,
        &Golden {
            uri: "https://bedrock-runtime.us-east-1.amazonaws.com/model/amazon.titan-embed-text-v2%3A0/invoke",
            headers: &[("content-type", "application/json"), ("user-agent", "not signed")],
            region: "us-east-1",
            service: "bedrock",
            date: "20260102T030405Z",
            token: None,
            body: br#"{"inputText":"hello"}"#,
            canonical_request: "\
POST
/model/amazon.titan-embed-text-v2%253A0/invoke

content-type:application/json
host:bedrock-runtime.us-east-1.amazonaws.com
x-amz-date:20260102T030405Z

content-type;host;x-amz-date
f0bfe64650594de57d7069c7308b526dccb71b73901f1ee0fda8bb8dff7481c6",
            request_hash: "368dcba917db73b01e328ba556b246e423bcca90a531922be6263820fefd9f07",
            signature: "8c5c697ed5221934bf8ecbf0d88a1219c995ad6cb40e0023d5c10b6c8825d3d6",
        },
    );
}

#[test]
fn arn_with_a_slash_and_a_token() {
    check(http::Method::POST, &Golden {
        uri: "http://localhost:8080/model/arn%3Aaws%3Abedrock%3Aeu-west-3%3A123456789012%3Ainference-profile\
              %2Feu.amazon.nova-lite-v1%3A0/invoke?b=%20&a=%2b",
        headers: &[],
        region: "eu-west-3",
        service: "bedrock",
        date: "20260102T030405Z",
        token: Some(TOKEN),
        body: b"",
        canonical_request: "\
POST
/model/arn%253Aaws%253Abedrock%253Aeu-west-3%253A123456789012%253Ainference-profile%252Feu.amazon.nova-lite-v1%253A0/invoke
a=%2B&b=%20
host:localhost:8080
x-amz-date:20260102T030405Z
x-amz-security-token:TOKEN/EXAMPLE==

host;x-amz-date;x-amz-security-token
e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        request_hash: "fb73e3a7d6d5957edb0dcbaa6543bc6fd1afb8565239196843f7b7f01bf9eca3",
        signature: "6d7a16e0173056a99ca724da6a4491e08ae2f5264120453a86a91b0386cc3b88",
    });
}

/// Verifies a request that the AWS SDK for JavaScript 3.1164.0 sent over HTTP/2.
#[test]
fn request_with_a_signed_authority() {
    let signed_headers = ":authority;amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;\
                          x-amz-content-sha256;x-amz-date;x-amz-user-agent";
    let signature = "61531e85bb3955acf1f1650ffc11742546af0ea56ae17db8410d034538418220";
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={ID}/20261128/us-east-1/bedrock/aws4_request, \
         SignedHeaders={signed_headers}, Signature={signature}"
    );
    let headers = [
        ("content-type", "application/json"),
        ("content-length", "21"),
        ("x-amz-user-agent", "aws-sdk-js/3.1163.0"),
        ("amz-sdk-invocation-id", "2c8809e4-ee21-4b62-abb8-db444b8a95ff"),
        ("amz-sdk-request", "attempt=1; max=3"),
        ("x-amz-date", "20261128T212822Z"),
        ("x-amz-content-sha256", "f0bfe64650594de57d7069c7308b526dccb71b73901f1ee0fda8bb8dff7481c6"),
        ("authorization", authorization.as_str()),
    ];
    let verify = |uri: &str, host: Option<&str>| {
        let mut request = parts(uri, &headers);
        if let Some(host) = host {
            request.headers.insert("host", host.parse().unwrap());
        }
        let time = "20261128T212822Z".parse::<AmzDate>().unwrap().system_time();
        Verifier::new("bedrock").verify(&request, &PayloadHash::of(BODY), |_| Some(credentials()), time)
    };
    let path = "/model/amazon.titan-embed-text-v2%3A0/invoke";
    verify(&format!("http://127.0.0.1:7777{path}"), None).unwrap();
    verify(path, Some("127.0.0.1:7777")).unwrap();
    let error = verify(path, Some("127.0.0.1:7778")).unwrap_err();
    assert!(matches!(error, VerifyError::SignatureMismatch(_)), "{error}");
    let error = verify(path, None).unwrap_err().to_string();
    assert_eq!(error, "header `:authority` is in SignedHeaders, but not in the request");
}
