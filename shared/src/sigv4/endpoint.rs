//! The base endpoint: where a bucket answers, in virtual-host or path style.

use super::PresignError;

/// A parsed base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Endpoint {
    /// `https://host[:port]`, as given.
    pub(super) origin: String,
    /// What the `host` header will say: without the scheme's default port, which clients leave out.
    pub(super) host: String,
    /// Empty, or `/bucket` in path style; never ends in a slash.
    pub(super) base_path: String,
}

impl Endpoint {
    /// Parses `http(s)://host[:port][/path]`. User names, queries and fragments have no place in an endpoint.
    pub(super) fn parse(url: &str) -> Result<Self, PresignError> {
        let (scheme, rest) = url.split_once("://").ok_or(PresignError::InvalidEndpoint)?;
        let default_port = match scheme {
            "https" => ":443",
            "http" => ":80",
            _ => return Err(PresignError::InvalidEndpoint),
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let authority_is_plain =
            authority.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte));
        let path_is_encoded =
            path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~/%".contains(&byte));
        let host = authority.strip_suffix(default_port).unwrap_or(authority);
        if host.is_empty() || host.starts_with(':') || !authority_is_plain || !path_is_encoded {
            return Err(PresignError::InvalidEndpoint);
        }
        Ok(Self {
            origin: format!("{scheme}://{authority}"),
            host: host.to_owned(),
            base_path: path.trim_end_matches('/').to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_host_and_path_style_endpoints_are_taken_apart() {
        for (url, origin, host, base_path) in [
            ("https://b.s3.amazonaws.com", "https://b.s3.amazonaws.com", "b.s3.amazonaws.com", ""),
            ("https://b.example/", "https://b.example", "b.example", ""),
            ("http://127.0.0.1:4566/bucket", "http://127.0.0.1:4566", "127.0.0.1:4566", "/bucket"),
            ("https://h:443/bucket/", "https://h:443", "h", "/bucket"),
            ("http://h:80", "http://h:80", "h", ""),
            ("http://h:443", "http://h:443", "h:443", ""),
        ] {
            let endpoint = Endpoint::parse(url).unwrap();
            let parsed = (endpoint.origin.as_str(), endpoint.host.as_str(), endpoint.base_path.as_str());
            assert_eq!(parsed, (origin, host, base_path), "{url}");
        }
    }

    #[test]
    fn anything_but_a_plain_http_origin_and_path_is_refused() {
        for url in
            ["", "h", "ftp://h", "https://", "https:///b", "https://u@h", "https://h/a?b", "https://:443"]
        {
            assert_eq!(Endpoint::parse(url), Err(PresignError::InvalidEndpoint), "{url}");
        }
    }
}
