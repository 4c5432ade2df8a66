"""What a person writes about identity in a contract (`identity:`): keys, where they stand, and when a key is none."""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from include.contract.model import Identifier

Column = Annotated[str, StringConstraints(min_length=1)]
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Domain = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$")
]


def _lower_case(text: str) -> str:
    return text.lower()


LocalPart = Annotated[
    str, StringConstraints(min_length=1), AfterValidator(_lower_case)
]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class IdentityKeyDocument(_Strict):
    """A kind of key that says who a record is (an entry of `identity.keys`)."""

    name: Identifier = Field(
        description="what the key is called, such as crm_id"
    )
    kind: Literal["id", "email", "phone"] = Field(
        description="id: a system's own name of a person, which is taken as it is; email and phone are normalised"
    )


class IdentitySourceDocument(_Strict):
    """Where the keys of a source stand (an entry of `identity.sources`)."""

    defines: bool = Field(
        False,
        description="true: each row is a record of a person, as a lead is; false: rows refer to people that another "
        "source defines, as events do",
    )
    keys: dict[Identifier, tuple[Column, ...]] = Field(
        min_length=1,
        description="name of a key to the columns that hold it. Two columns of an id say that the system itself has "
        "merged two of its records",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        for name, columns in self.keys.items():
            if not columns:
                raise ValueError(f"'keys.{name}' names no column")
            if len(set(columns)) < len(columns):
                raise ValueError(f"'keys.{name}' names a column twice")
        return self


class IdentityDocument(_Strict):
    """How records of several systems become people (`identity:`)."""

    keys: tuple[IdentityKeyDocument, ...] = Field(
        min_length=1, description="the kinds of key, strongest first"
    )
    sources: dict[Identifier, IdentitySourceDocument] = Field(
        min_length=1, description="name of a source to its keys"
    )
    max_records: int = Field(
        3,
        ge=1,
        description="a key that more records than this carry is no key: a shared inbox, a switchboard",
    )
    default_region: Region | None = Field(
        None,
        description="country of phone numbers without a country code, such as DE; without it they are no keys",
    )
    dotless_domains: tuple[Domain, ...] = Field(
        ("gmail.com",),
        description="domains of e-mail whose provider ignores dots before the @",
    )
    domain_aliases: dict[Domain, Domain] = Field(
        {"googlemail.com": "gmail.com"},
        description="domain to the domain that it is another name of",
    )
    role_names: tuple[LocalPart, ...] = Field(
        (),
        description="names before the @ that never belong to one person, such as info; such addresses are no keys",
    )

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        names = [key.name for key in self.keys]
        if len(set(names)) < len(names):
            raise ValueError("'keys' has two entries of one name")
        for source, entry in self.sources.items():
            for name in entry.keys:
                if name not in names:
                    raise ValueError(
                        f"'sources.{source}.keys' names {name!r}, which is not in 'keys'; those are {', '.join(names)}"
                    )
        if not any(entry.defines for entry in self.sources.values()):
            raise ValueError(
                "no source has 'defines: true'; one at least must say who people are"
            )
        return self
