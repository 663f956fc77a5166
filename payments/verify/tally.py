"""What a run has looked at."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """How many of each; `on_the_way` is what is too young to be a difference."""

    payments: int = 0
    sessions: int = 0
    charges: int = 0
    refunds: int = 0
    disputes: int = 0
    agreements: int = 0
    on_the_way: int = 0
    providers: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = f"{self.payments} payments agree with what was bought"
        if self.providers:
            said += (
                f" and with {', '.join(self.providers)} ({self.sessions} sessions, "
                f"{self.charges} charges, {self.refunds} refunds, {self.disputes} disputes"
                f"{f', {self.agreements} subscriptions' if self.agreements else ''})"
            )
        return f"{said}; {self.on_the_way} on the way." if self.on_the_way else f"{said}."
