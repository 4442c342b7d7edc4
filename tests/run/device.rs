//! Devices by name.

use diadc::execute::DeviceChoice;
use diadc::fact::Precision;

#[test]
fn devices_are_named_as_users_write_them() {
    assert_eq!("cpu".parse(), Ok(DeviceChoice::Cpu));
    assert_eq!("cuda".parse(), Ok(DeviceChoice::Cuda(0)));
    assert_eq!("cuda:3".parse(), Ok(DeviceChoice::Cuda(3)));
    assert_eq!(DeviceChoice::Cuda(3).to_string(), "cuda:3");
}

#[test]
fn another_device_is_refused_with_those_that_there_are() {
    for word in ["gpu", "cuda:", "cuda:x", "cpu:0", "CUDA", ""] {
        let error = word.parse::<DeviceChoice>().expect_err("it is no device").to_string();
        assert_eq!(error, format!("there is no device `{word}`; devices are `cpu`, `cuda` and `cuda:N`"));
    }
}

#[test]
fn a_device_that_is_not_there_is_an_error_with_a_remedy() {
    let Err(error) = diadc::execute::open(DeviceChoice::Cuda(97), Precision::F32) else {
        panic!("no machine has so many devices");
    };
    assert!(error.to_string().contains("use `cpu`"), "{error}");
}
