"""Invent what sources say: short, in plain words, about what was done to a child and by whom, and blaming no child."""

from __future__ import annotations

from collections.abc import Mapping

SOURCE_KINDS: Mapping[str, Mapping[str, int]] = {
    "peer": {"return_interview": 34, "school": 20, "social_care": 16, "community": 14, "intelligence": 16},
    "harm": {"intelligence": 62, "return_interview": 18, "social_care": 12, "health": 8},
    "safe": {"social_care": 40, "return_interview": 30, "school": 15, "community": 15},
    "family": {"social_care": 80, "school": 20},
    "seen": {"community": 32, "return_interview": 24, "school": 14, "intelligence": 20, "police_record": 10},
    "thing": {"intelligence": 55, "return_interview": 25, "police_record": 20},
    "incident": {"police_record": 80, "community": 20},
    "online": {"return_interview": 50, "school": 30, "intelligence": 20},
    "park": {"police_record": 70, "community": 20, "intelligence": 10},
    "arrest": {"police_record": 100},
    "stop_search": {"police_record": 100},
    "intelligence": {"intelligence": 100},
    "contact": {"community": 40, "social_care": 40, "health": 20},
    "other": {"school": 60, "community": 40},
    "together": {"police_record": 100},
    "account": {"intelligence": 50, "return_interview": 35, "police_record": 15},
    "line_phone": {"intelligence": 60, "police_record": 25, "return_interview": 15},
    "line_vehicle": {"intelligence": 50, "police_record": 40, "community": 10},
    "line_harm": {"intelligence": 65, "return_interview": 25, "health": 10},
    "line_intelligence": {"intelligence": 100},
    "line_stop_search": {"police_record": 100},
    "line_arrest": {"police_record": 100},
    "contradiction": {"intelligence": 100},
}
"""Which kinds of source evidence of a topic comes from, in parts of a hundred."""

AGENCIES: Mapping[str, tuple[str, ...]] = {
    "intelligence": ("police", "police", "police", "housing", "licensing"),
    "police_record": ("police", "police", "police", "transport_police"),
    "return_interview": ("missing_from_home",),
    "social_care": ("social_care", "social_care", "early_help"),
    "school": ("school", "school", "pupil_referral"),
    "health": ("school_nurse", "hospital", "mental_health"),
    "community": ("youth_service", "voluntary_sector", "community_safety"),
}

TEXTS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "peer": {
        "return_interview": (
            "Said the other young person is someone they trust and spend time with.",
            "Said they talk most days and look out for each other.",
            "Said they were together for part of the time and stayed with a friend's family.",
            "Said they know each other from the bus home.",
        ),
        "school": (
            "Staff know these two as friends; they travel together.",
            "Form tutor: the two are often together at break.",
            "Both moved into the same tutor group; staff see a friendship.",
        ),
        "social_care": (
            "Parent named the other young person as a close friend.",
            "Named by the child when drawing who matters to them.",
            "Seen together at a home visit.",
        ),
        "community": (
            "Youth worker knows both; they come to the session together.",
            "Seen together often since the new term. Worker knows both.",
        ),
        "intelligence": (
            "Information that these two spend time together in the evening.",
            "Report names these two among friends who travel together.",
        ),
    },
    "harm": {
        "intelligence": (
            "Information that an adult gives this child lifts and gifts and then says a debt is owed.",
            "Information that an adult contacts this child at night and asks for pictures.",
            "Information that an adult has taken the child's phone and decides who the child may see.",
        ),
        "return_interview": (
            "Said an adult threatened them. They were frightened and told a worker.",
            "Said an adult gave them a phone and expects an answer at any hour.",
        ),
        "social_care": (
            "Parent worried about an adult who waits for the child near school.",
            "Child told the social worker that an adult frightens them.",
        ),
        "health": ("Nurse worried about an injury; the child said an adult caused it.",),
    },
    "safe": {
        "social_care": (
            "Named by the child as an adult they can talk to.",
            "Sees the child each week; the child asked for this to go on.",
        ),
        "return_interview": (
            "Said they phone this adult when things go wrong.",
            "Said they feel safe with this adult and would go there again.",
        ),
        "school": ("Staff member the child goes to; a plan for lunch times is agreed.",),
        "community": ("Coach picks the child up after sport and lets the family know.",),
    },
    "family": {
        "social_care": (
            "Family known to the service; they live together.",
            "Relative confirmed at a home visit.",
            "Contact arranged with the family each fortnight.",
        ),
        "school": ("Brother or sister at the same school.",),
    },
    "seen": {
        "community": (
            "Outreach met a few young people at {place} and stopped to talk. All well.",
            "Worker saw young people at {place} and told them about the drop-in.",
        ),
        "return_interview": (
            "Said {place} is where friends meet.",
            "Said they spent the evening at {place}.",
        ),
        "school": ("Young people were at {place} after school; staff on duty know them.",),
        "intelligence": ("Information that young people meet at {place} in the evening.",),
        "police_record": (
            "Patrol spoke to young people at {place}; names noted so that support can be offered.",
        ),
    },
    "online": {
        "return_interview": (
            "Said they talk on {place} most evenings.",
            "Said friends play on {place} together.",
        ),
        "school": ("Tutor was shown messages on {place}; several young people were in the conversation.",),
        "intelligence": ("Information that several young people are in one conversation on {place}.",),
    },
    "thing": {
        "intelligence": (
            "Information links this to several young people.",
            "Found in the contacts of a device; used to reach this person.",
        ),
        "return_interview": ("Said this is shared between friends.", "Said it was lent by a friend."),
        "police_record": ("Device handed in by a parent; use noted.",),
    },
    "incident": {
        "police_record": (
            "Young people were hurt in a disturbance near {place}. Officers attended.",
            "Report of threats made near {place}. Those present were spoken to and taken home.",
            "Property taken from a child near {place}.",
        ),
        "community": ("Staff called for help near {place}; a child was frightened.",),
    },
    "park": {
        "police_record": (
            "Disturbance in {place}; a child was hurt. Ambulance attended.",
            "Caller reported adults shouting at young people in {place}. Officers attended.",
            "Young people in {place} were threatened and a phone was taken.",
        ),
        "community": ("Park staff called for help; young people in {place} were frightened.",),
        "intelligence": ("Information that tablets are sold to young people in {place} by adults.",),
    },
    "arrest": {
        "police_record": (
            "Arrest near {place}. Children present were treated as possible victims; referral made.",
            "Arrest following a vehicle stop near {place}. Appropriate adult attended.",
        )
    },
    "stop_search": {
        "police_record": (
            "Stop near {place}, nothing found. Body-worn video kept.",
            "Stop near {place}. Safeguarding referral made the same day.",
        )
    },
    "intelligence": {
        "intelligence": (
            "Information that adults meet young people at {place} and offer them money to carry things.",
            "Information that young people are being given vapes and food at {place} by an adult.",
            "Report that a child was told to stay at an address near {place} overnight.",
        )
    },
    "contact": {
        "community": ("Worker met the young people near {place} and agreed to meet again.",),
        "social_care": ("Welfare visit near {place}; the young people said who they trust.",),
        "health": ("Clinic near {place}; the young people came together and were offered support.",),
    },
    "other": {
        "school": ("School noted both at a meeting about bus journeys home.",),
        "community": ("Mentioned together at a youth session near {place}.",),
    },
    "together": {
        "police_record": (
            "Found together at {place} and brought home. All were given food and seen by a worker.",
            "Found together at {place}; a carer collected them.",
        )
    },
    "account": {
        "intelligence": (
            "Information that one account writes to several children who have not met.",
            "Messages from the account found on a child's phone. The person behind it is not known.",
        ),
        "return_interview": (
            "Said an account they did not know sent messages, then asked for pictures and made threats.",
        ),
        "police_record": ("Parent handed over a phone with messages from the account; statement taken.",),
    },
    "line_phone": {
        "intelligence": ("Calls and messages between this number and the child late at night.",),
        "police_record": ("Number found in call data provided to the enquiry.",),
        "return_interview": ("Said this number tells them where to go and when, and that they are afraid.",),
    },
    "line_vehicle": {
        "intelligence": (
            "Information that children are collected in this vehicle and driven out of the borough.",
        ),
        "police_record": ("Camera record of the vehicle on the evening the child was missing.",),
        "community": ("Worker saw the child get into this vehicle outside the youth centre, upset.",),
    },
    "line_harm": {
        "intelligence": (
            "Information that this adult makes the child carry packages and says a debt is owed.",
            "Information that this adult sends the child to other towns by train or car.",
        ),
        "return_interview": (
            "Said this adult takes their phone, sends them away and threatens their family.",
        ),
        "health": ("Nurse saw an injury; the child said an adult who drives them around caused it.",),
    },
    "line_intelligence": {
        "intelligence": (
            "Information that an adult collected children by car and took them out of the borough.",
        )
    },
    "line_stop_search": {
        "police_record": ("Car stopped with children inside. The adult was spoken to; referrals were made.",)
    },
    "line_arrest": {
        "police_record": ("Children found at an address with an adult and treated as possible victims.",)
    },
    "contradiction": {
        "intelligence": (
            "Information that one of these two is being threatened by the other's older acquaintances.",
            "Report that the friendship was made for them by an adult who wanted both to come.",
        )
    },
}
"""What is said, by topic and kind of source; {place} is a place name."""
