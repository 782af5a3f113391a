"""The import contracts of pyproject.toml hold: the ladder, the doors, the pure modules, the bell."""

import subprocess
import sys
from pathlib import Path

import pytest
from importlinter.api import read_configuration

from tests.services.databases import ROOT

CONTRACTS = [contract["id"] for contract in read_configuration(str(ROOT / "pyproject.toml"))["contracts_options"]]


@pytest.mark.parametrize("contract", CONTRACTS)
def test_contract_is_kept(contract):
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([program, "--contract", contract, "--no-cache"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
