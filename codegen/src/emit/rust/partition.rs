//! The table of partitions.

use proc_macro2::{Literal, TokenStream};
use quote::quote;

use crate::partitions::{Partition, Partitions};

pub(super) fn partition(partitions: &Partitions) -> TokenStream {
    let rows = partitions.partitions.iter().map(row);
    let count = Literal::usize_unsuffixed(partitions.partitions.len());
    quote! {
        /// A set of regions with DNS suffixes and identities of their own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Partition {
            /// `aws`, `aws-cn`, ..; it stands in ARNs.
            pub name: &'static str,
            /// The suffix of hosts.
            pub dns_suffix: &'static str,
            /// The suffix of hosts that also answer over IPv6.
            pub dual_stack_dns_suffix: &'static str,
            /// Where global services are signed.
            pub implicit_global_region: &'static str,
            /// Whether there are FIPS endpoints.
            pub supports_fips: bool,
            /// Whether there are dual-stack endpoints.
            pub supports_dual_stack: bool,
            regions: &'static [&'static str],
            prefixes: &'static [&'static str],
        }

        /// The partition of a region: the one that lists it, else the one whose regions look like it, else the first.
        /// <https://smithy.io/2.0/aws/rules-engine/library-functions.html#aws-partition-function>
        pub fn partition(region: &str) -> &'static Partition {
            let listed = PARTITIONS.iter().find(|partition| partition.regions.contains(&region));
            let alike = || PARTITIONS.iter().find(|partition| partition.looks_like(region));
            listed.or_else(alike).unwrap_or(&PARTITIONS[0])
        }

        /// Every partition that is known.
        pub const PARTITIONS: &[Partition; #count] = &[#(#rows),*];

        impl Partition {
            /// The regions that it lists, pseudo-regions such as `aws-global` among them.
            pub fn regions(&self) -> &'static [&'static str] {
                self.regions
            }

            /// Whether a region is a prefix of the partition, a word and a number: `us-east-1`.
            fn looks_like(&self, region: &str) -> bool {
                self.prefixes.iter().any(|prefix| {
                    let rest = region.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('-'));
                    rest.and_then(|rest| rest.split_once('-')).is_some_and(|(word, number)| {
                        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
                        let (word, number) = (word.as_bytes(), number.as_bytes());
                        !word.is_empty()
                            && word.iter().copied().all(is_word)
                            && !number.is_empty()
                            && number.iter().all(u8::is_ascii_digit)
                    })
                })
            }
        }
    }
}

fn row(partition: &Partition) -> TokenStream {
    let Partition {
        id,
        dns_suffix,
        dual_stack_dns_suffix,
        implicit_global_region,
        supports_fips,
        supports_dual_stack,
        region_prefixes,
        regions,
    } = partition;
    quote! {
        Partition {
            name: #id,
            dns_suffix: #dns_suffix,
            dual_stack_dns_suffix: #dual_stack_dns_suffix,
            implicit_global_region: #implicit_global_region,
            supports_fips: #supports_fips,
            supports_dual_stack: #supports_dual_stack,
            regions: &[#(#regions),*],
            prefixes: &[#(#region_prefixes),*],
        }
    }
}
