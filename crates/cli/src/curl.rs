//! Writes a request as a shell script that sends the request with curl.

use invoke_model_client::{AuthScheme, Explanation, SettingSource};

use crate::input::Source;

/// Length in bytes of the longest body that the script passes to curl as an argument. Operating systems limit
/// the length of an argument, so the script passes longer bodies as here-documents.
const LONGEST_ARGUMENT: usize = 4096;

/// Headers that the curl command does not pass. curl and its signature options set most of these headers. The
/// `amz-sdk` headers describe a call of the client.
const SET_BY_CURL: [&str; 9] = [
    "accept-encoding",
    "amz-sdk-invocation-id",
    "amz-sdk-request",
    "authorization",
    "content-length",
    "host",
    "user-agent",
    "x-amz-content-sha256",
    "x-amz-date",
];

/// Returns a script that sends a request with curl. curl signs the request again. A comment in the script
/// contains the head of the signed request. The script contains no secrets.
///
/// `body` is the source of the body, if the body is the content of an argument.
pub(crate) fn script(explanation: &Explanation, body: Option<&Source>) -> String {
    let request = &explanation.request;
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut comment = format!("# {} {target} HTTP/1.1\n", request.method());
    let mut options = vec![format!("curl --request {}", request.method())];
    authenticate(explanation, &mut comment, &mut options);
    for (name, value) in explanation.redacted_headers() {
        comment.push_str(&format!("# {name}: {value}\n"));
        let is_secret = request.headers().get(name).is_some_and(|value| value.is_sensitive());
        match name.as_str() {
            name if SET_BY_CURL.contains(&name) => {}
            "x-amz-security-token" => {
                options.push(r#"--header "x-amz-security-token: $AWS_SESSION_TOKEN""#.to_owned());
            }
            name if is_secret => {
                comment.push_str(&format!("# The command lacks `{name}`, because its value is sensitive.\n"));
            }
            name => options.push(format!("--header {}", quoted(&format!("{name}: {value}")))),
        }
    }
    let (data, document) = data(request.body(), body);
    options.extend(data);
    options.push(quoted(&request.uri().to_string()));
    let command = options.join(" \\\n  ");
    format!("{comment}{command}{document}\n")
}

/// Adds the options that sign the request with the variables of the environment.
fn authenticate(explanation: &Explanation, comment: &mut String, options: &mut Vec<String>) {
    if explanation.auth_scheme == Some(AuthScheme::Bearer) {
        options.push(r#"--header "authorization: Bearer $AWS_BEARER_TOKEN_BEDROCK""#.to_owned());
        return;
    }
    let Some(signed) = &explanation.signed else { return };
    // The third line is the credential scope: date/region/service/aws4_request.
    let mut scope = signed.string_to_sign().lines().nth(2).unwrap_or_default().split('/').skip(1);
    let (region, service) = (scope.next().unwrap_or_default(), scope.next().unwrap_or_default());
    options.push(format!("--aws-sigv4 {}", quoted(&format!("aws:amz:{region}:{service}"))));
    options.push(r#"--user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY""#.to_owned());
    if !matches!(explanation.credentials, Some(SettingSource::Environment(_))) {
        comment.push_str(
            "# The credentials are not from the environment. To set its variables, run for example:\n\
             # eval \"$(aws configure export-credentials --format env)\"\n",
        );
    }
    if explanation.request.uri().path().contains('%') {
        comment.push_str("# curl before 8.14 signs a path with % incorrectly.\n");
    }
}

/// Returns the option for the body, and the here-document that contains the body. If the option does not need
/// a here-document, the second value is empty.
fn data(body: &[u8], source: Option<&Source>) -> (Option<String>, String) {
    if let Some(Source::File(path)) = source {
        return (Some(format!("--data-binary {}", quoted(&format!("@{}", path.display())))), String::new());
    }
    match std::str::from_utf8(body) {
        Ok("") => (None, String::new()),
        // In contrast to `--data-binary`, this option does not read a file if the text begins with `@`.
        Ok(text) if text.len() <= LONGEST_ARGUMENT => {
            (Some(format!("--data-raw {}", quoted(text))), String::new())
        }
        Ok(text) => {
            let mut end = "BODY".to_owned();
            while text.lines().any(|line| line == end) {
                end.push('_');
            }
            (Some("--data-binary @-".to_owned()), format!(" <<'{end}'\n{text}\n{end}"))
        }
        Err(_) => (Some("--data-binary @-".to_owned()), String::new()),
    }
}

/// Returns the text in single quotes for a POSIX shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
