from __future__ import annotations


def seed(endpoint, session, application="sc-agent", environments=("prod", "dev")):
    pass
