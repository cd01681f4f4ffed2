//! Inputs that are tables.

use std::fs;

use invoke_model_bulk::{BulkBuilder, BulkError, TableFormat, Template};
use serde_json::json;

use crate::support::Setup;

fn builder(format: TableFormat, id: Option<&str>) -> BulkBuilder {
    let template = r#"{"inputText": "{{title}}: {{text}}", "dimensions": "{{size}}"}"#;
    Setup::builder().table(format, Template::from_json(template).unwrap(), id.map(str::to_owned))
}

#[tokio::test]
async fn csv_rows_become_records() {
    let setup = Setup::new().await;
    setup.write_text("id,title,text\na,\"Moon, \"\"new\"\"\",\"two\nlines\"\nb,Sun,hot\n");
    let template = Template::from_json(r#"{"inputText": "{{title}}: {{text}}"}"#).unwrap();
    let builder = || Setup::builder().table(TableFormat::Csv, template.clone(), Some("id".to_owned()));
    drop(setup.run(builder()).await);
    let rows = setup.rows();
    assert_eq!(rows[0]["recordId"], "a");
    assert_eq!(rows[0]["modelInput"], json!({"inputText": "Moon, \"new\": two\nlines"}));
    assert_eq!(rows[1]["modelInput"], json!({"inputText": "Sun: hot"}));
    assert!(rows.iter().all(|row| row["modelOutput"]["embedding"].is_array()), "{rows:?}");
    drop(setup.run(builder()).await);
    assert_eq!(setup.worked_on(), 2, "the run was complete");
}

#[tokio::test]
async fn json_columns_keep_their_type() {
    let setup = Setup::new().await;
    setup.write_text("{\"title\":\"a\",\"text\":1.50,\"size\":256,\"more\":[]}\n");
    drop(setup.run(builder(TableFormat::Jsonl, None)).await);
    let text = fs::read_to_string(setup.output().join("in.jsonl.out")).unwrap();
    assert!(text.contains(r#""modelInput":{"inputText":"a: 1.50","dimensions":256}"#), "{text}");
    assert_eq!(setup.rows()[0]["modelOutput"]["embedding"].as_array().unwrap().len(), 256);
}

#[tokio::test]
async fn a_missing_column_is_named() {
    let setup = Setup::new().await;
    setup.write_text("title,text\na,b\n");
    let error = setup.open(builder(TableFormat::Csv, None)).unwrap_err();
    assert!(matches!(error, BulkError::NoColumn { .. }), "{error}");
    assert!(error.to_string().ends_with("there is no column `size`; the columns are title, text"), "{error}");

    setup.write_text("title,text,size\na,b\nc,d,256\n");
    let error = setup.open(builder(TableFormat::Csv, None)).unwrap_err().to_string();
    assert!(error.contains("in.jsonl:2: the column `size` is missing"), "{error}");

    setup.write_text("{\"title\":\"a\",\"text\":null,\"size\":256}\n{\"title\":\"a\"}\n7\n");
    let error = setup.open(builder(TableFormat::Jsonl, Some("id"))).unwrap_err().to_string();
    for expected in [":1: the column `id` is missing", ":2: the column", ":3: invalid record"] {
        assert!(error.contains(expected), "{error}");
    }
    setup.write_text("title,text,size,id\na,b,256,\n\nb,\"\",1,x\n");
    drop(setup.run(builder(TableFormat::Csv, Some("id")).skip_invalid(true)).await);
    let rows = setup.rows();
    assert_eq!(rows[0]["modelInput"], "a,b,256,", "an invalid row is not lost");
    assert!(rows[0]["error"]["errorMessage"].as_str().unwrap().contains("must not be empty"));
    assert_eq!(rows[1]["modelInput"], json!({"inputText": "b: ", "dimensions": "1"}));
}

#[cfg(feature = "parquet")]
#[tokio::test]
async fn parquet_results_can_be_an_input() {
    use invoke_model_bulk::OutputFormat;

    const RECORDS: usize = 1_200;
    let setup = Setup::new().await;
    setup.write_texts(RECORDS);
    setup.local.inject(
        invoke_model_local::Fault::error(invoke_model_types::ValidationException::default()).first(1),
    );
    let (bulk, _) = setup.run(Setup::builder().output_format(OutputFormat::Parquet)).await;
    let path = bulk.output_path().to_owned();
    assert!(path.ends_with("in.jsonl.out.parquet"), "{path:?}");
    drop(bulk);

    let open = |template: &str, output: &str| {
        let template = Template::from_json(template).unwrap();
        let builder = Setup::builder().table(TableFormat::Parquet, template, Some("recordId".to_owned()));
        builder.open(&path, setup.output().join(output))
    };
    let error = open(r#"{"inputText": "{{text}}"}"#, "missing").unwrap_err().to_string();
    assert!(error.ends_with("the columns are recordId, modelInput, modelOutput, error"), "{error}");
    // One record has an error, and therefore no output.
    let error = open(r#"{"inputText": "{{modelOutput}}"}"#, "null").unwrap_err().to_string();
    assert!(error.starts_with("1 record is invalid"), "{error}");
    let mut bulk = open(r#"{"inputText": "{{modelInput}}"}"#, "again").unwrap();
    bulk.run(&setup.client, std::future::pending()).await.unwrap();
    bulk.write_output().unwrap();
    let text = fs::read_to_string(bulk.output_path()).unwrap();
    let rows: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(rows.len(), RECORDS);
    for (index, row) in rows.iter().enumerate() {
        assert_eq!(row["recordId"], format!("id {index}"));
        assert_eq!(row["modelInput"]["inputText"], format!("{{\"inputText\":\"text {index}\"}}"));
    }
}
