"""Say whom a team brings to a kind of place, and what it is briefed on, unless the planner writes something else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

PARTNERS: Mapping[str, str] = MappingProxyType(
    {
        "school": "Designated safeguarding lead of the school, safer schools officer",
        "hospital": "Hospital safeguarding team, youth workers there where there are any",
        "park": "Park wardens, detached youth workers, neighbourhood policing team",
        "transport": "Transport operator and its security, British Transport Police",
        "retail": "Centre manager and security, detached youth workers",
        "food_outlet": "Licensing officers, environmental health, neighbourhood policing team",
        "licensed": "Licensing officers, trading standards, neighbourhood policing team",
        "hotel": "Hotel manager, licensing officers, neighbourhood policing team",
        "childrens_home": "Manager of the home, commissioning and quality team",
        "semi_independent": "Manager of the accommodation, commissioning and quality team",
        "other": "Whoever manages the place, neighbourhood policing team",
    }
)
POINTS: Mapping[str, str] = MappingProxyType(
    {
        "school": "Agree with the school beforehand when and where to be; ask what staff see at the gates and on the way home.",
        "hospital": "Ask how staff notice that a child is being harmed outside the home, and whom they tell.",
        "park": "Look at lighting, sight lines and ways in and out; ask young people where they feel safe here.",
        "transport": "Ask staff about children travelling alone at odd hours; look at where help points and cameras are.",
        "retail": "Ask security and shop staff what they see and whom they tell; leave a card for staff rooms.",
        "food_outlet": "Ask who gives food, vapes or lifts to children, without naming any child; leave a card for staff.",
        "licensed": "Check who is served, how age is checked and who looks after children on the premises.",
        "hotel": "Ask how staff check the age of guests and who is with a child; leave the number staff can ring.",
        "childrens_home": "Ask which places nearby children are found at and who waits outside; ask for no child's name.",
        "semi_independent": "Ask who visits and who waits outside; ask for no young person's name.",
        "other": "Ask whoever manages the place what they see and whom they tell.",
    }
)
BRIEFING = (
    "The visit is about the place and what makes it safe or unsafe. Nobody is stopped, searched or asked their name because of this sheet.",
    "Speak to young people first, and listen: where do they feel safe here, where not, and at what times?",
    "If a child is in danger now, ring 999. If you are worried about a child, tell the hub the same day.",
    "What is recorded is not proof. Do not tell anyone at the place what is known of it, or how.",
    "Write down what you saw and how you know, and what is done to children rather than what they do.",
    "Enter the result the same day: made or not, how many people you spoke to, what you found, what should follow.",
)


def partners_for(kind: str, written: Mapping[str, str]) -> str:
    """Return whom to bring to a kind of place: as written, else as usual."""
    return written.get(kind) or PARTNERS.get(kind, PARTNERS["other"])
