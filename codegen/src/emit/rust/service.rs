//! Prints the constants of the service.

use proc_macro2::TokenStream;
use quote::quote;

use crate::ir::Service;

pub(super) fn service(service: &Service) -> TokenStream {
    let (sdk_id, version) = (&service.sdk_id, &service.version);
    let signing_name = service.signing_name.as_ref().map(|name| {
        quote! {
            /// Service name in the credential scope.
            /// <https://smithy.io/2.0/aws/aws-auth.html#aws-auth-sigv4-trait>
            pub const SIGNING_NAME: &str = #name;
        }
    });
    let bearer = service.bearer;
    quote! {
        /// Name of the service in SDKs.
        pub const SDK_ID: &str = #sdk_id;

        /// Version of the API.
        pub const VERSION: &str = #version;

        #signing_name

        /// `true` if the service accepts bearer tokens.
        /// <https://smithy.io/2.0/spec/authentication-traits.html#httpbearerauth-trait>
        pub const TAKES_BEARER: bool = #bearer;
    }
}
