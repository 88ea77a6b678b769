"""An `alertmanager.yml` into a policy: `mendlog policy import-alertmanager`."""
