//! What the rule function `aws.partition` knows: which regions form a partition, and its DNS suffixes.
//! <https://smithy.io/2.0/aws/rules-engine/library-functions.html#aws-partition-function>

use serde::Deserialize;

/// All partitions; the first is the one for regions that no other knows.
#[derive(Clone, Debug, Deserialize)]
pub struct Partitions {
    /// In the order in which they are asked.
    pub partitions: Vec<Partition>,
}

/// A partition.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Partition {
    /// `aws`, `aws-cn`, ..
    pub id: String,
    /// The suffix of hosts.
    pub dns_suffix: String,
    /// The suffix of hosts that also answer over IPv6.
    pub dual_stack_dns_suffix: String,
    /// Where global services are signed.
    pub implicit_global_region: String,
    /// Whether there are FIPS endpoints.
    pub supports_fips: bool,
    /// Whether there are dual-stack endpoints.
    pub supports_dual_stack: bool,
    /// A region of the form `prefix-word-digits` belongs to the partition.
    pub region_prefixes: Vec<String>,
    /// Regions that belong to it whatever their form.
    pub regions: Vec<String>,
}

impl Partitions {
    /// Reads `model/partitions.json`.
    ///
    /// # Errors
    /// Not JSON of that form, or no partition in it.
    pub fn from_json(text: &str) -> Result<Self, String> {
        let partitions: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if partitions.partitions.is_empty() { Err("no partition".to_owned()) } else { Ok(partitions) }
    }
}
