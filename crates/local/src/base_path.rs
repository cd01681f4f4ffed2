//! The path under which the endpoint serves the operations.

use http::Uri;

/// A prefix of the paths of all operations, such as `/bedrock`. The default is no prefix.
#[derive(Debug, Default)]
pub(crate) struct BasePath(String);

impl BasePath {
    /// Parses a path. A slash at its beginning and slashes at its end have no meaning.
    pub(crate) fn new(path: &str) -> Self {
        match path.trim_matches('/') {
            "" => Self::default(),
            path => Self(format!("/{path}")),
        }
    }

    /// Returns the path as a URL contains it. The path is empty or begins with a slash.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the part of a path that follows this path, or `None` if the path does not begin with this path.
    pub(crate) fn strip<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(self.as_str()).filter(|rest| rest.starts_with('/') || self.0.is_empty())
    }

    /// Returns the URI of a request without this path, or `None` if the path of the URI does not begin with
    /// this path.
    pub(crate) fn strip_uri(&self, uri: &Uri) -> Option<Uri> {
        let path = self.strip(uri.path())?;
        if self.0.is_empty() {
            return Some(uri.clone());
        }
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{path}{query}").parse().ok()
    }
}
