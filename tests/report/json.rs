//! The metrics file.

use diadc::report::json;

#[test]
fn the_metrics_file_identifies_the_run_and_keeps_its_order() {
    let mut report = super::report();
    report.evaluations[0].meaning = vec!["In words.".to_owned()];
    insta::assert_snapshot!(json(&report), @r#"
    {
      "format": 3,
      "provenance": {
        "date": "2026-01-31T12:00:00Z",
        "command": [
          "diadc",
          "run",
          "specs/mini.diad",
          "--set",
          "a=[1, 2]"
        ],
        "version": "0.1.0",
        "spec": {
          "name": "mini",
          "path": "specs/mini.diad",
          "model": "Mini",
          "text_sha256": "9f86d081",
          "program_sha256": "60303ae2",
          "score_sha256": "fd61a03a"
        },
        "settings": {
          "a": "[1, 2]"
        },
        "params": {
          "size": "64",
          "a": "[1, 2]"
        },
        "weights": {
          "path": "w.pth",
          "sha256": "a4e624d6"
        },
        "data": {
          "name": "toy",
          "folder": null,
          "classes": [
            "metal_nut",
            "pill"
          ],
          "train": 40,
          "test": 122,
          "list_sha256": "86d08188"
        },
        "seed": 7,
        "draws": 1,
        "device": "cpu",
        "precision": "f32",
        "protocols": [
          "exact"
        ]
      },
      "evaluations": [
        {
          "protocol": "exact",
          "pro_limit": 0.3,
          "image_score": "model",
          "meaning": [
            "In words."
          ],
          "classes": [
            {
              "class": "metal_nut",
              "images": {
                "good": 22,
                "anomalous": 93
              },
              "metrics": {
                "image_auroc": 0.9876,
                "image_ap": 1.0,
                "pixel_auroc": 0.95,
                "pixel_ap": 0.4321
              }
            },
            {
              "class": "pill",
              "images": {
                "good": 0,
                "anomalous": 7
              },
              "metrics": {
                "image_auroc": {
                  "undefined": "class `pill` has no good test images"
                },
                "image_ap": {
                  "undefined": "class `pill` has no good test images"
                },
                "pixel_auroc": 0.75,
                "pixel_ap": 0.5
              }
            }
          ],
          "mean": {
            "image_auroc": {
              "value": 0.9876,
              "classes": 1
            },
            "image_ap": {
              "value": 1.0,
              "classes": 1
            },
            "pixel_auroc": {
              "value": 0.85,
              "classes": 2
            },
            "pixel_ap": {
              "value": 0.46604999999999996,
              "classes": 2
            }
          }
        }
      ],
      "colours": [
        0.25,
        1.5
      ]
    }
    "#);
}

#[test]
fn durations_losses_and_pictures_do_not_reach_the_metrics_file() {
    let report = super::report();
    let mut other = report.clone();
    other.timings = vec![("train".to_owned(), 1.0)];
    other.losses.clear();
    other.examples.clear();
    assert_eq!(json(&report), json(&other));
}

#[test]
fn what_is_written_is_read_back() {
    let report = super::report();
    let measured = diadc::report::measured(&json(&report)).expect("it was just written");
    assert_eq!(measured.provenance, report.provenance);
    assert_eq!(measured.evaluations[0].classes, report.evaluations[0].classes);
    let older = json(&super::report()).replace("\"format\": 3", "\"format\": 2");
    assert!(diadc::report::measured(&older).is_err_and(|why| why.contains("format 2")));
}

#[test]
fn a_number_is_written_in_full() {
    let mut report = super::report();
    let value = 1.0 / 3.0 + f64::EPSILON;
    let full = diadc::evaluate::metric::MetricValue::Value(value);
    report.evaluations[0].classes[0].metrics.insert(diadc::measure::Metric::PixelAp, full);
    assert!(json(&report).contains(&format!("\"pixel_ap\": {value}")), "{value}");
}

#[test]
fn published_numbers_stand_beside_the_runs_own() {
    let mut report = super::report();
    report.published = diadc::report::Published::find("paper", "mvtec").ok();
    let json: serde_json::Value = serde_json::from_str(&json(&report)).expect("written by us");
    let of = |path: &str| json.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
    let pixel = "/published/methods/DiAD/metal_nut/pixel_auroc";
    assert!((of(&format!("{pixel}/value")) - 0.973).abs() < 1e-12);
    assert!((of(&format!("{pixel}/difference")) - (0.95 - 0.973)).abs() < 1e-12);
    assert!((of("/published/methods/DiAD/mean/image_ap/value") - 0.99).abs() < 1e-12);
    assert!(json.pointer("/published/methods/DiAD/metal_nut/image_auroc").is_none(), "the paper's text lacks it");
}
