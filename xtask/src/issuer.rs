//! A small `OpenID` Connect issuer on the loopback interface, so that a local stack checks tokens the way a deployed one
//! does: API Gateway fetches the key over HTTP and verifies the RS256 signature.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, anyhow};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::rsa::{KeyPair, PublicKeyComponents};
use ring::signature::RSA_PKCS1_SHA256;
use serde_json::{Value, json};

use crate::process;

/// The audience that the local stack is deployed with and every token carries.
pub(crate) const AUDIENCE: &str = "longshore-local";
/// What the token of one who may ask how the stack is doing says.
const OPERATOR_SCOPE: &str = "longshore:operate";

const TOKEN_LIFETIME: Duration = Duration::from_hours(12);
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// A running issuer. Its thread ends with the program; its key is forgotten then.
#[derive(Debug)]
pub(crate) struct Issuer {
    url: String,
    key_id: String,
    key: KeyPair,
}

impl Issuer {
    /// Starts serving on a free port. `key_command` prints a new private key (PKCS #8, base64) and its id.
    pub(crate) fn start(key_command: &mut Command) -> anyhow::Result<Self> {
        let printed = process::read_output(key_command, "making the token signing key")?;
        let (key, key_id) =
            printed.trim().split_once(' ').context("the signing key was not printed as expected")?;
        let key = STANDARD.decode(key).context("the signing key is not base64")?;
        let key =
            KeyPair::from_pkcs8(&key).map_err(|reason| anyhow!("the signing key was refused: {reason}"))?;

        let listener =
            TcpListener::bind(("127.0.0.1", 0)).context("could not open a port for the token issuer")?;
        let port = listener.local_addr().context("the token issuer has no port")?.port();
        let issuer = Self { url: format!("http://127.0.0.1:{port}"), key_id: key_id.to_owned(), key };
        let documents = Arc::new(issuer.documents());
        thread::spawn(move || serve(&listener, &documents));
        Ok(issuer)
    }

    /// The issuer's URL, which the stack is deployed with.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A token for `owner`, valid for twelve hours.
    pub(crate) fn token_for(&self, owner: &str) -> anyhow::Result<String> {
        self.sign(&self.claims(owner)?)
    }

    /// The same for one who may also ask how the stack is doing.
    pub(crate) fn operator_token_for(&self, owner: &str) -> anyhow::Result<String> {
        self.sign(&with(self.claims(owner)?, "scope", OPERATOR_SCOPE.into()))
    }

    /// Well-signed tokens that nobody may get in with, each with what is wrong with it.
    pub(crate) fn bad_tokens_for(&self, owner: &str) -> anyhow::Result<BTreeMap<&'static str, String>> {
        let good = self.claims(owner)?;
        let bad = [
            ("of another service", "aud", json!("another-service")),
            ("of another issuer", "iss", json!("https://issuer.example.com/")),
            ("expired", "exp", json!(unix_now()?.saturating_sub(60))),
        ];
        let signed = |(what, name, value)| Ok((what, self.sign(&with(good.clone(), name, value))?));
        bad.into_iter().map(signed).collect()
    }

    fn claims(&self, owner: &str) -> anyhow::Result<Value> {
        let now = unix_now()?;
        Ok(json!({
            "iss": self.url,
            "aud": AUDIENCE,
            "sub": owner,
            "iat": now,
            "exp": now + TOKEN_LIFETIME.as_secs(),
        }))
    }

    fn sign(&self, claims: &Value) -> anyhow::Result<String> {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| anyhow!("could not sign a token"))?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    fn documents(&self) -> Documents {
        let public: PublicKeyComponents<Vec<u8>> = PublicKeyComponents::from(self.key.public());
        let keys_url = format!("{}/.well-known/jwks.json", self.url);
        Documents {
            configuration: json!({
                "issuer": self.url,
                "jwks_uri": keys_url,
                "id_token_signing_alg_values_supported": ["RS256"],
                "subject_types_supported": ["public"],
                "response_types_supported": ["id_token"],
            })
            .to_string(),
            keys: json!({ "keys": [{
                "kty": "RSA",
                "use": "sig",
                "alg": "RS256",
                "kid": self.key_id,
                "n": URL_SAFE_NO_PAD.encode(public.n),
                "e": URL_SAFE_NO_PAD.encode(public.e),
            }] })
            .to_string(),
        }
    }
}

/// The two documents of `OpenID` Connect Discovery 1.0 that a verifier asks for.
#[derive(Debug)]
struct Documents {
    configuration: String,
    keys: String,
}

fn serve(listener: &TcpListener, documents: &Documents) {
    for stream in listener.incoming().flatten() {
        // A caller that breaks off harms only itself.
        let _answered = answer(stream, documents);
    }
}

fn answer(mut stream: TcpStream, documents: &Documents) -> std::io::Result<()> {
    stream.set_read_timeout(Some(READ_TIMEOUT))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request_line = String::new();
    reader.read_line(&mut request_line)?;
    let mut header = String::new();
    while 2 < reader.read_line(&mut header)? {
        header.clear();
    }
    let (status, body) = match request_line.split(' ').nth(1) {
        Some("/.well-known/openid-configuration") => ("200 OK", documents.configuration.as_str()),
        Some("/.well-known/jwks.json") => ("200 OK", documents.keys.as_str()),
        _ => ("404 Not Found", "{}"),
    };
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

#[expect(
    clippy::disallowed_methods,
    reason = "tokens are valid in real time, and the functions' Clock is not at hand"
)]
fn unix_now() -> anyhow::Result<u64> {
    let now =
        SystemTime::now().duration_since(UNIX_EPOCH).context("this machine's clock stands before 1970")?;
    Ok(now.as_secs())
}

/// Claims with one of them changed.
fn with(mut claims: Value, name: &str, value: Value) -> Value {
    if let Some(fields) = claims.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
    claims
}
