"""Every key of `scenarios.yaml`, room by room; `lab.scenario` puts them together."""
