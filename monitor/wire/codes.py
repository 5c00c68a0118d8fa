"""The one code table: each channel and quantity in UCUM, LOINC and ISO/IEEE 11073 (MDC).

Exports to HL7 and FHIR are projections of this table. A code is ``verified`` when a standards
body's guide or two independent sources show it; the others were seen once or are remembered,
and an export that matters must check them against RTMMS and LOINC first. Public lists are known
to carry wrong MDC numbers, which is why the doubt is kept as data.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code of one system; ``variant`` says which site or method it stands for."""

    code: str
    name: str = ""
    variant: str = ""
    verified: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeRow:
    """All codes of one quantity; the first of several is the one to send."""

    quantity: str
    ucum: str = ""
    loinc: tuple[Code, ...] = ()
    mdc: tuple[Code, ...] = ()
    mdc_unit: Code | None = None


def _mdc(code: int, name: str = "", variant: str = "", *, verified: bool = True) -> Code:
    return Code(
        code=str(code), name=f"MDC_{name}" if name else "", variant=variant, verified=verified
    )


def _unit(code: int, name: str) -> Code:
    return Code(code=str(code), name=f"MDC_DIM_{name}")


_MMHG: Final = _unit(266016, "MMHG")
_MILLILITRE: Final = _unit(263762, "MILLI_L")

_ROWS: Final = (
    CodeRow(
        quantity="hr",
        ucum="/min",
        loinc=(Code(code="8867-4"),),
        mdc=(
            _mdc(147842, "ECG_HEART_RATE", "ecg"),
            _mdc(149530, "PULS_OXIM_PULS_RATE", "pulse oximeter"),
            _mdc(149546, "PULS_RATE_NON_INV", "cuff"),
            _mdc(149514, "PULS_RATE", "pulse"),
        ),
        mdc_unit=_unit(264864, "BEAT_PER_MIN"),
    ),
    CodeRow(
        quantity="bp-panel",
        loinc=(Code(code="85354-9"),),
        mdc=(_mdc(150020, "PRESS_BLD_NONINV"),),
    ),
    CodeRow(
        quantity="sbp",
        ucum="mm[Hg]",
        loinc=(Code(code="8480-6"),),
        mdc=(
            _mdc(150021, "PRESS_BLD_NONINV_SYS", "cuff"),
            _mdc(150037, "PRESS_BLD_ART_ABP_SYS", "arterial line", verified=False),
        ),
        mdc_unit=_MMHG,
    ),
    CodeRow(
        quantity="dbp",
        ucum="mm[Hg]",
        loinc=(Code(code="8462-4"),),
        mdc=(_mdc(150022, "PRESS_BLD_NONINV_DIA", "cuff"),),
        mdc_unit=_MMHG,
    ),
    CodeRow(
        quantity="map",
        ucum="mm[Hg]",
        loinc=(Code(code="8478-0"),),
        mdc=(_mdc(150023, "PRESS_BLD_NONINV_MEAN", "cuff"),),
        mdc_unit=_MMHG,
    ),
    CodeRow(
        quantity="spo2",
        ucum="%",
        loinc=(
            Code(code="59408-5", variant="pulse oximetry"),
            Code(code="2708-6", variant="second coding that the FHIR vital-signs profile asks for"),
        ),
        mdc=(_mdc(150456, "PULS_OXIM_SAT_O2"),),
        mdc_unit=_unit(262688, "PERCENT"),
    ),
    CodeRow(
        quantity="rr",
        ucum="/min",
        loinc=(Code(code="9279-1"),),
        mdc=(
            _mdc(151562, "RESP_RATE"),
            _mdc(151578, variant="impedance"),
            _mdc(151594, variant="carbon dioxide"),
            _mdc(151650, variant="acoustic"),
            _mdc(151658, variant="plethysmogram"),
        ),
        mdc_unit=_unit(264928, "RESP_PER_MIN"),
    ),
    CodeRow(
        quantity="temp",
        ucum="Cel",
        loinc=(Code(code="8310-5"),),
        mdc=(
            _mdc(150364, "TEMP_BODY"),
            _mdc(188424, variant="oral"),
            _mdc(188428, variant="ear"),
            _mdc(150392, variant="tympanic"),
            _mdc(188452, variant="axilla"),
            _mdc(150368, variant="core"),
            _mdc(150388, variant="skin"),
        ),
        mdc_unit=_unit(268192, "DEGC"),
    ),
    CodeRow(
        quantity="weight",
        ucum="kg",
        loinc=(Code(code="29463-7"),),
        mdc=(_mdc(188736, "MASS_BODY_ACTUAL"),),
        mdc_unit=_unit(263875, "KILO_G"),
    ),
    CodeRow(
        quantity="rate",
        ucum="mL/h",
        mdc=(_mdc(157784, "FLOW_FLUID_PUMP"),),
        mdc_unit=_unit(265266, "MILLI_L_PER_HR"),
    ),
    CodeRow(
        quantity="volume-infused",
        ucum="mL",
        mdc=(
            _mdc(157864, "VOL_FLUID_DELIV"),
            _mdc(157993, "VOL_FLUID_DELIV_TOTAL", "total", verified=False),
        ),
        mdc_unit=_MILLILITRE,
    ),
    CodeRow(
        quantity="volume-left",
        ucum="mL",
        mdc=(_mdc(157872, "VOL_FLUID_TBI_REMAIN"),),
        mdc_unit=_MILLILITRE,
    ),
    CodeRow(
        quantity="time-left",
        ucum="s",
        mdc=(_mdc(157916, "TIME_PD_REMAIN", verified=False),),
        mdc_unit=_unit(264320, "SEC"),
    ),
    # The unit code of a dose rate depends on the drug, so none stands here.
    CodeRow(quantity="dose-rate", ucum="mg/kg/min", mdc=(_mdc(157924, "RATE_DOSE"),)),
    CodeRow(
        quantity="concentration",
        ucum="mg/mL",
        mdc=(_mdc(157760, "CONC_DRUG"),),
        mdc_unit=_unit(264306, "MILLI_G_PER_ML"),
    ),
    CodeRow(
        quantity="pump-state",
        mdc=(_mdc(184508, "PUMP_STAT", "status"), _mdc(184504, "PUMP_MODE", "mode")),
    ),
    CodeRow(
        quantity="drug",
        mdc=(
            _mdc(184330, "DRUG_NAME_TYPE", "type"),
            _mdc(184514, "DRUG_NAME_LABEL", "label", verified=False),
        ),
    ),
    CodeRow(
        quantity="alert",
        mdc=(
            _mdc(196616, "EVT_ALARM", "alarm"),
            _mdc(196648, "EVT_HI", "too high"),
            _mdc(196670, "EVT_LO", "too low"),
            _mdc(196614, "EVT_ACTIVE", "heartbeat of an alarm reporter"),
            _mdc(196680, "EVT_LEAD_OFF", "lead off"),
        ),
    ),
)

CODES: Final[dict[str, CodeRow]] = {row.quantity: row for row in _ROWS}
"""Quantity to its codes; every wire channel is a quantity of its own name."""
