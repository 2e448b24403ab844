//! The address of a node, as links name it: scheme, host and port, nothing else.

use super::LinkError;
use std::fmt;

/// Longest host of a link, in bytes: what a name in the DNS may have.
const HOST_BYTES_MAX: usize = 253;

/// The address of a node: `https://host[:port]`, or plain `http` on this very machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeAddress {
    secure: bool,
    host: String,
    port: Option<u16>,
}

impl NodeAddress {
    /// Reads an address, with or without a slash at its end.
    ///
    /// # Errors
    /// Names the part that no link of ours has: another scheme, a user name, a path, a strange host or port.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (address, rest) = Self::split(text)?;
        match rest {
            "" | "/" => Ok(address),
            _ => Err(LinkError::Part { part: "address", found: super::shown(rest), expected: "no path" }),
        }
    }

    /// Reads the address that `text` begins with; also returns what follows it.
    pub(super) fn split(text: &str) -> Result<(Self, &str), LinkError> {
        let secure = match text.split_once("://") {
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => true,
            Some((scheme, _)) if scheme.eq_ignore_ascii_case("http") => false,
            // What follows a `#` may be a secret: it is not repeated.
            _ => {
                let found = super::shown(text.split('#').next().unwrap_or(""));
                return Err(LinkError::NotALink { found });
            }
        };
        let after_scheme = text.split_once("://").map_or("", |(_, rest)| rest);
        let end = after_scheme.find(['/', '?', '#']).unwrap_or(after_scheme.len());
        let (authority, rest) = after_scheme.split_at(end);
        let (host, port) = split_port(authority)?;
        let host = host.to_ascii_lowercase();
        check_host(&host)?;
        let default = if secure { 443 } else { 80 };
        let address = Self { secure, host, port: port.filter(|port| *port != default) };
        if !secure && !address.is_loopback() {
            return Err(LinkError::NotSecure { host: address.host });
        }
        Ok((address, rest))
    }

    /// Returns the host, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port, also when it is the scheme's own and not written.
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(if self.secure { 443 } else { 80 })
    }

    /// Returns whether the address is this machine's own.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.host == "127.0.0.1" || self.host == "[::1]"
    }
}

fn split_port(authority: &str) -> Result<(&str, Option<u16>), LinkError> {
    let colon = match authority.rfind(']') {
        Some(bracket) => authority[bracket..].find(':').map(|at| bracket + at),
        None => authority.rfind(':'),
    };
    let Some(colon) = colon else { return Ok((authority, None)) };
    let digits = &authority[colon + 1..];
    let wrong = || LinkError::Part {
        part: "port",
        found: super::shown(digits),
        expected: "a number from 1 to 65535 without leading zeros",
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    let port = digits.parse().ok().filter(|_| plain).ok_or_else(wrong)?;
    Ok((&authority[..colon], Some(port)))
}

fn check_host(host: &str) -> Result<(), LinkError> {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(allowed)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if host == "[::1]" || (host.len() <= HOST_BYTES_MAX && host.split('.').all(label)) {
        return Ok(());
    }
    // A user name before the host ("bank.example@evil.example") ends here as well.
    let expected = "a name of letters, digits, hyphens and points";
    Err(LinkError::Part { part: "host", found: super::shown(host), expected })
}

impl fmt::Display for NodeAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_printed_in_one_way() {
        for (typed, printed) in [
            ("https://klaver.example", "https://klaver.example"),
            ("HTTPS://Klaver.Example:443/", "https://klaver.example"),
            ("https://klaver.example:8443", "https://klaver.example:8443"),
            ("http://localhost:8080/", "http://localhost:8080"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:9000", "http://[::1]:9000"),
        ] {
            assert_eq!(NodeAddress::parse(typed).unwrap().to_string(), printed);
        }
    }

    #[test]
    fn an_address_that_could_mislead_is_refused() {
        for wrong in [
            "klaver.example",
            "ftp://klaver.example",
            "http://klaver.example",
            "http://localhost.evil.example",
            "https://klaver.example@evil.example",
            "https://klaver.example/with/path",
            "https://klaver.example:0",
            "https://klaver.example:065",
            "https://klaver.example:65536",
            "https://klaver.example:",
            "https://klaver..example",
            "https://klaver.example.",
            "https://-klaver.example",
            "https://klàver.example",
            "https://[::2]",
            "https://",
            "",
        ] {
            assert!(NodeAddress::parse(wrong).is_err(), "{wrong}");
        }
    }
}
