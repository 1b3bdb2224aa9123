//! The roles of the functions: who they are, and what they may do.

use std::collections::BTreeMap;

use aws_credential_types::Credentials;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use shared::object_key::decode_event_key;

use crate::aws_calls::{Call, Caller};
use crate::stack::Stack;

/// The functions, each with what the stack file calls the field of its name.
pub(crate) const FUNCTIONS: [(&str, &str); 5] = [
    ("presign", "presignFunctionName"),
    ("chunk-complete", "chunkCompleteFunctionName"),
    ("assembly", "assemblyFunctionName"),
    ("thumbnail", "thumbnailFunctionName"),
    ("cleanup", "cleanupFunctionName"),
];

const FORM: [(&str, &str); 1] = [("content-type", "application/x-www-form-urlencoded")];

/// The role of one function.
#[derive(Clone, Debug)]
pub(crate) struct Role {
    /// The function, as in the code.
    pub(crate) function: &'static str,
    /// The role's name, without a path.
    pub(crate) name: String,
    /// What the function signs with.
    pub(crate) credentials: Credentials,
}

/// All roles. MiniStack 1.5.33 makes a function's credentials out of the names of the function and its role
/// (`execution_credentials` in its `core/lambda_runtime.py`), so that they need not be asked for, which nobody may.
pub(crate) fn roles_of(caller: Caller<'_>, name_of: impl Fn(&str) -> String) -> Vec<Role> {
    FUNCTIONS.map(|(function, field)| role_of(caller, function, &name_of(field))).to_vec()
}

fn role_of(caller: Caller<'_>, function: &'static str, function_name: &str) -> Role {
    let path = format!("/2015-03-31/functions/{function_name}/configuration");
    let ask = Call { service: "lambda", method: "GET", path: &path, headers: &[], body: String::new() };
    let answer = caller.call(&ask);
    let text =
        |name: &str| answer.body[name].as_str().unwrap_or_else(|| panic!("{}", answer.body)).to_owned();
    let (function_arn, role_arn) = (text("FunctionArn"), text("Role"));
    let digest = hex_digest(&format!("{function_arn}:{role_arn}"));
    let access_key_id = format!("ASIA{}", digest[..16].to_uppercase());
    let (secret, token) = (hex_digest(&format!("secret:{digest}")), hex_digest(&format!("token:{digest}")));
    Role {
        function,
        name: role_arn.rsplit('/').next().unwrap_or_default().to_owned(),
        credentials: Credentials::new(access_key_id, secret, Some(token), None, "function"),
    }
}

fn hex_digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

impl Stack {
    /// The inline policies of a role, by name.
    pub(crate) fn policies_of(&self, role: &Role) -> BTreeMap<String, Value> {
        let listed = self.ask_iam(&format!("Action=ListRolePolicies&RoleName={}", role.name));
        let names = listed.split("<member>").skip(1).filter_map(|rest| rest.split("</member>").next());
        let policy = |name: &str| {
            let ask = format!("Action=GetRolePolicy&RoleName={}&PolicyName={name}", role.name);
            let answer = self.ask_iam(&ask);
            let text =
                answer.split("<PolicyDocument>").nth(1).unwrap().split("</PolicyDocument>").next().unwrap();
            let text = decode_event_key(text).unwrap();
            (
                name.to_owned(),
                serde_json::from_str(&text).unwrap_or_else(|err| panic!("{name}: {err}: {text}")),
            )
        };
        names.map(policy).collect()
    }

    /// Replaces an inline policy of a role.
    pub(crate) fn put_policy(&self, role: &Role, policy_name: &str, document: &Value) {
        let document = utf8_percent_encode(&document.to_string(), NON_ALPHANUMERIC).to_string();
        self.ask_iam(&format!(
            "Action=PutRolePolicy&RoleName={}&PolicyName={policy_name}&PolicyDocument={document}",
            role.name
        ));
    }

    fn ask_iam(&self, form: &str) -> String {
        let body = format!("{form}&Version=2010-05-08");
        let ask = Call { service: "iam", method: "POST", path: "/", headers: &FORM, body };
        let answer = self.caller().call(&ask);
        assert_eq!(answer.status, 200, "{form}: {}", answer.body);
        answer.body.as_str().unwrap_or_default().to_owned()
    }
}
