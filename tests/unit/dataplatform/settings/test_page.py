"""The settings page's text for particular settings."""

from dataplatform.settings.model import Settings
from dataplatform.settings.page import settings_of


def test_setting_of_a_given_parameter_names_its_keys() -> None:
    # given the settings that name a parameter created by a person
    given = [each for each in settings_of(Settings).all_settings() if each.name.endswith("Parameter")]
    assert given

    # then each says which keys the platform's roles can use
    for setting in given:
        assert "`alias/data-platform-STACK`" in setting.meaning
        assert "`alias/aws/ssm`" in setting.meaning
