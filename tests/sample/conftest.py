"""What the sample's tests share with the platform's."""

from tests.conftest import *  # noqa: F403
