"""The doctor: what is wrong with an installation, and what to do about it. Nothing is changed by asking."""

from service.usecases.doctor.diagnosis import Diagnosis, State, failed, well
from service.usecases.doctor.examination import examine

__all__ = ["Diagnosis", "State", "examine", "failed", "well"]
